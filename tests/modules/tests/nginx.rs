//! The web server: `modules/library/services/nginx.cairn`, from configuration to spec.

use cairn_tests_modules::{check, spec, text, try_spec};

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
fn switching_nginx_off_is_enough_and_says_what_no_longer_counts() {
    let config = format!("host.name = \"a\"\n{SITES}services.nginx.enable = force false");
    let checked = check(&config).unwrap();
    assert!(
        checked.warnings.iter().any(|warning| warning
            .message
            .contains("services.nginx.sites is set but nginx is not enabled")),
        "{:#?}",
        checked.warnings
    );
    let spec = try_spec(&config).unwrap();
    assert!(!spec.files.keys().any(|path| path.contains("nginx")));
    assert!(!spec.packages.contains(&"nginx".to_owned()));
}

#[test]
fn a_name_cannot_leave_its_line() {
    let site = |name: &str| {
        check(&format!(
            "host.name = \"a\"\nservices.nginx = {{ enable = true, sites.\"{name}\".page = \"\" }}"
        ))
    };
    for bad in ["a; } evil {", "a b", "", "../a", "$host", "a\\nb", "~^a"] {
        let errors = site(bad).map(|_| ()).unwrap_err();
        assert!(
            errors[0].contains("a server's name is one word"),
            "{bad}: {errors:#?}"
        );
    }
    for good in ["example.org", "*.example.org", "_", "A-1.example"] {
        assert!(site(good).is_ok(), "{good}");
    }
}

#[test]
fn a_folder_cannot_leave_its_line() {
    let site = |root: &str| {
        check(&format!(
            "host.name = \"a\"\nservices.nginx = {{ enable = true, sites.a.root = {root} }}"
        ))
    };
    for bad in [
        "\"/srv; } evil {\"",
        "\"/srv/my www\"",
        "\"srv\"",
        "\"/srv/$host\"",
    ] {
        let errors = site(bad).map(|_| ()).unwrap_err();
        assert!(
            errors[0].contains("services.nginx.sites.\"a\".root"),
            "{bad}: {errors:#?}"
        );
    }
    for good in ["\"/srv/www-1/a_b.d\"", "./www"] {
        assert!(site(good).is_ok(), "{good}: {:?}", site(good).err());
    }
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

#[test]
fn nginx_reads_its_configuration_once_at_a_start() {
    let overrides = spec(SITES).units["nginx.service"].overrides.clone();
    assert_eq!(overrides.as_deref(), Some("[Service]\nExecStartPre=\n"));
}
