use crate::world::{Keys, Machine};
use cairn_tests_s3::{BUCKET, Server};

/// A machine whose environment knows the server.
fn machine(server: &Server) -> cairn_support::Machine {
    let names = [
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
    ];
    names
        .iter()
        .fold(cairn_support::Machine::bare(), |machine, name| {
            machine.env(name, &server.variable(name).unwrap())
        })
}

#[test]
fn the_commands_take_the_usual_variables() {
    let server = Server::start();
    let (sender, receiver, keys) = (machine(&server), machine(&server), Keys::new());
    let path = Machine::at(&sender.root()).path(&[("small", 100), ("large", 3 << 20)]);
    let (address, name) = (format!("s3://{BUCKET}/caches/two"), path.base_name());
    let key = keys.file("a").display().to_string();
    sender
        .cairn(&["cache", "push", &address, name, "--key", &key])
        .done();
    let public = keys.file("a.pub").display().to_string();
    receiver
        .cairn(&["cache", "pull", &address, name, "--trust", &public])
        .done()
        .says(&path.logical());
    receiver
        .cairn(&["verify"])
        .done()
        .says("the store is sound");
}
