//! The web server: `modules/library/services/nginx.cairn`, from configuration to spec.

use cairn_tests_modules::{check, spec, text};

const SITES: &str = r#"
services.nginx = {
  enable = true
  sites."example.org" = { root = ./www }
  sites."hello.org" = { page = "<h1>Hello</h1>", port = 8080 }
}
"#;

#[test]
fn each_site_is_a_server() {
    let spec = spec(SITES);
    let servers = text(&spec, "/etc/nginx/sites-enabled/cairn.conf");
    for line in [
        "listen 80;",
        "listen [::]:8080;",
        "server_name example.org;",
        "root /store/www;",
        "root /etc/nginx/pages/hello.org;",
    ] {
        assert!(servers.contains(line), "{line} in {servers}");
    }
    assert_eq!(servers.matches("server {").count(), 2);
    assert_eq!(
        text(&spec, "/etc/nginx/pages/hello.org/index.html"),
        "<h1>Hello</h1>"
    );
    assert!(
        !spec
            .files
            .contains_key("/etc/nginx/pages/example.org/index.html")
    );
}

#[test]
fn only_these_sites_are_served() {
    let spec = spec(SITES);
    let main = text(&spec, "/etc/nginx/nginx.conf");
    assert!(main.contains("include /etc/nginx/sites-enabled/cairn.conf;"));
    assert!(main.contains("error_log /var/log/nginx/error.log warn;"));
    assert_eq!(main.matches('{').count(), main.matches('}').count());
    assert_eq!(spec.units["nginx.service"].enable, Some(true));
}

#[test]
fn sites_without_nginx_are_a_mistake() {
    let errors = check("host.name = \"a\"\nservices.nginx.sites.a.page = \"\"").unwrap_err();
    assert!(
        errors[0].contains("services.nginx.sites is set but nginx is not enabled"),
        "{errors:#?}"
    );
}

#[test]
fn a_site_shows_a_folder_or_a_page() {
    for site in ["{}", "{ root = ./www, page = \"\" }"] {
        let errors = check(&format!(
            "host.name = \"a\"\nservices.nginx = {{ enable = true, sites.a = {site} }}"
        ))
        .unwrap_err();
        assert!(
            errors[0].contains("either `root` or `page`"),
            "{site}: {errors:#?}"
        );
    }
}
