//! The network of the host, and sockets that need none.

use crate::scene::{ROLES, SECRET, Scene};
use crate::{Claim, claims};
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::time::Duration;

pub const CLAIMS: &[Claim] = claims![
    the_hosts_loopback_cannot_be_reached,
    an_abstract_socket_of_the_host_cannot_be_reached,
    a_socket_of_the_host_by_its_path_cannot_be_reached,
    the_hosts_open_ports_are_not_seen,
    kernel_crypto_and_hypervisor_sockets_are_refused,
];
pub const CLAIMS_OF_ROOT: &[Claim] = claims![
    raw_sockets_are_refused,
    the_network_cannot_be_set_up,
    interfaces_of_the_host_are_not_seen,
];

fn the_hosts_loopback_cannot_be_reached() {
    let scene = Scene::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    scene.refuses(&ROLES, &["tcp", &port]);
    if let Ok(listener) = TcpListener::bind("[::1]:0") {
        let port = listener.local_addr().unwrap().port().to_string();
        scene.refuses(&ROLES, &["tcp6", &port]);
    }
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = receiver.local_addr().unwrap().port().to_string();
    let mut bytes = [0; 16];
    scene.outside(&["udp", &port]).came_through();
    receiver
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    assert_eq!(receiver.recv(&mut bytes).unwrap(), 7);
    for role in ROLES {
        scene.inside(role, &["udp", &port]).was_refused();
    }
    receiver.set_nonblocking(true).unwrap();
    assert!(receiver.recv(&mut bytes).is_err(), "something came");
}

fn an_abstract_socket_of_the_host_cannot_be_reached() {
    let scene = Scene::new();
    let name = format!("cairn-escape-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    scene.refuses(&ROLES, &["abstract_socket", &name]);
}

fn a_socket_of_the_host_by_its_path_cannot_be_reached() {
    let scene = Scene::new();
    let path = scene.at("socket");
    let _listener = UnixListener::bind(&path).unwrap();
    scene.refuses(&ROLES, &["path_socket", &path.display().to_string()]);
}

fn the_hosts_open_ports_are_not_seen() {
    let scene = Scene::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    scene.refuses(&ROLES, &["port_in_proc", &port]);
    let up = format!("/../../../../../../../..{}", scene.secret());
    scene.refuses(&ROLES, &["through_proc", "parent", "root", &up, SECRET]);
}

/// They are no part of any network namespace.
fn kernel_crypto_and_hypervisor_sockets_are_refused() {
    let scene = Scene::new();
    let mut tried = 0;
    // AF_VSOCK; AF_ALG; AF_TIPC; AF_RDS: whichever this kernel has.
    for (family, kind) in [
        ("40", "1"),
        ("40", "2"),
        ("38", "5"),
        ("30", "4"),
        ("21", "5"),
    ] {
        let arguments = ["socket", family, kind, "0"];
        if scene.outside(&arguments).code == 0 {
            scene.refuses(&ROLES, &arguments);
            tried += 1;
        }
        for role in ROLES {
            scene.inside(role, &arguments).was_refused();
        }
    }
    eprintln!("{tried} families of sockets of this kernel live outside of network namespaces");
}

fn raw_sockets_are_refused() {
    let scene = Scene::new();
    // AF_PACKET, and AF_INET with ICMP and raw IP.
    for [family, kind, protocol] in [["17", "3", "0"], ["2", "3", "1"], ["2", "3", "255"]] {
        scene.refuses(&ROLES, &["socket", family, kind, protocol]);
    }
}

fn the_network_cannot_be_set_up() {
    let scene = Scene::new();
    scene.refuses_after(&["unshare", "--net"], &ROLES, &["interface_up", "lo"]);
}

fn interfaces_of_the_host_are_not_seen() {
    let scene = Scene::new();
    let name = format!("escape{}", std::process::id() % 1000);
    let ip = |arguments: &[&str]| {
        let status = std::process::Command::new("ip").args(arguments).status();
        status.is_ok_and(|status| status.success())
    };
    // An interface besides the loopback: one that is there, or one of our own.
    let there = std::fs::read_dir("/sys/class/net")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .find(|name| name != "lo");
    let made = there.is_none() && ip(&["link", "add", &name, "type", "dummy"]);
    let known = there.unwrap_or_else(|| name.clone());
    scene.refuses(&ROLES, &["interface_known", &known]);
    if made {
        ip(&["link", "del", &name]);
    }
}
