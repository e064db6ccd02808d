//! docs/examples/web.cairn, the first configuration that a user sees

use cairn_tests_modules::{text, try_spec};

#[test]
fn the_example_is_a_web_server_that_ada_can_reach() {
    let spec = try_spec(include_str!("../../../docs/examples/web.cairn"))
        .unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(spec.host.name, "web1");
    assert_eq!(spec.time.zone, "Europe/Berlin");
    for package in [
        "curl",
        "htop",
        "nginx",
        "openssh-server",
        "systemd",
        "tzdata",
    ] {
        assert!(
            spec.packages.iter().any(|found| found == package),
            "{package} in {:?}",
            spec.packages
        );
    }
    assert_eq!(spec.users["ada"].groups, ["sudo"]);
    assert!(text(&spec, "/etc/ssh/authorized_keys.d/ada").starts_with("ssh-ed25519 "));
    assert!(text(&spec, "/etc/nginx/sites-enabled/cairn.conf").contains("root /store/www;"));
    assert_eq!(spec.kernel.package, "linux-image-amd64");
}

#[test]
fn the_example_gives_the_same_bytes_each_time() {
    let entry = include_str!("../../../docs/examples/web.cairn");
    let json = || try_spec(entry).map(|spec| spec.to_json().unwrap_or_default());
    assert_eq!(json(), json());
}
