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

#[test]
fn a_text_that_no_option_has_is_an_error_with_the_nearest_names() {
    let (_archive, machine) = fresh();
    machine
        .cairn(&["options", "ngnix"])
        .exits(1)
        .says("cli::no_option")
        .says("did you mean `services.nginx");
    machine
        .cairn(&["options", "nonesuch"])
        .exits(1)
        .says("`cairn options` without a text lists all");
}
