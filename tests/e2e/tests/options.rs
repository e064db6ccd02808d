//! `cairn options`: what can be set.

use crate::fresh;

#[test]
fn the_librarys_options_are_listed_with_type_default_and_words() {
    let (_archive, machine) = fresh();
    let run = machine.cairn(&["options", "nginx"]).done();
    run.says("services.nginx.enable: Bool = false");
    let json = machine
        .cairn(&["options", "time.zone", "--json"])
        .done()
        .json();
    assert_eq!(json[0]["option"], "time.zone");
    assert_eq!(json[0]["default"], "\"Etc/UTC\"");
}
