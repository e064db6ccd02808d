//! Each lint finds what it is there for, and its fix changes no value.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use cairn_eval::{Arena, Evaluator, NoHost};
use cairn_lint::{lint_file, mend};
use cairn_syntax::parse_file;
use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;

/// The lints of a text: `kind:text that is pointed at`, one after the other.
fn found(text: &str) -> String {
    let mut sources = SourceMap::default();
    let mut names = Interner::default();
    let id = sources.add("test.cairn", text);
    let parsed = parse_file(&sources, id, &mut names);
    assert_eq!(parsed.errors, [], "{text}");
    let lints = lint_file(&parsed.tree, &sources, &names);
    let lines = lints.iter().map(|lint| {
        let kind = lint.diagnostic.code.trim_start_matches("lint::");
        format!("{kind}:{}", sources.slice(lint.diagnostic.primary.span))
    });
    lines.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(text: &str, lints: &str, mended: &str) {
    assert_eq!(found(text), lints, "{text}");
    let (once, _) = mend(text);
    assert_eq!(once, mended, "{text}");
    assert_eq!(mend(&once), (once.clone(), 0), "a second time: {text}");
}

/// A text that nothing is said about.
#[track_caller]
fn right(text: &str) {
    check(text, "", text);
}

#[test]
fn unused_names_are_found_and_a_name_with_an_underscore_is_meant() {
    check("let a = 1\nx = 2\n", "unused:a", "x = 2\n");
    check(
        "## What a is.\nlet a = 1\n\nx = 2\n",
        "unused:a",
        "\nx = 2\n",
    );
    check("type T = Int\nx = 2\n", "unused:T", "x = 2\n");
    check("let a = 1  b = 2 in b", "unused:a", "let b = 2 in b");
    check("let b = 2  a = 1 in b", "unused:a", "let b = 2  a = 1 in b");
    check("(a, b) => a", "unused:b", "(a, b) => a");
    check(
        "({ a, b, .. } as all) => a",
        "unused:b unused:all",
        "({ a, b, .. } as all) => a",
    );
    check("[1 for x in [2]]", "unused:x", "[1 for _x in [2]]");
    right("(a, _b) => a");
    right("let a = 1\nx = a\n");
    right("let a = 1\nwhen c { x = \"${a}\" }\n");
    right("## A file of types is a prelude.\ntype T = Int\ntype U = Str\n");
    right("type T = Int\noption x: List(T) = []\n");
    right("{ \"${k}\" = v for k, v in { a = 1 } }");
}

#[test]
fn what_only_its_own_value_uses_is_unused_and_then_what_that_used() {
    check("let f = n => f(n)\nx = 1\n", "unused:f", "x = 1\n");
    check("let a = 1\nlet b = a\nx = 1\n", "unused:b", "x = 1\n");
}

#[test]
fn an_item_with_a_comment_or_a_neighbour_on_its_line_is_not_taken_out() {
    for text in [
        "let a = 1 # kept\nx = 2\n",
        "let a = [\n  1 # one\n]\nx = 2\n",
    ] {
        check(text, "unused:a", text);
    }
}

#[test]
fn names_that_hide_others_are_found() {
    let hides = "let a = 1 in (a => a)(2) + a";
    check(hides, "shadowing:a", hides);
    let items = "let a = 1\nx = [a for a in [a]]\n";
    check(items, "shadowing:a", items);
    right("let a = 1 in (b => b)(a)");
    right("[list for list in [1]]");
}

#[test]
fn comparisons_with_true_and_false() {
    check("a.b == true", "bool_comparison:a.b == true", "a.b == true");
    check(
        "(1 < 2) == true",
        "bool_comparison:(1 < 2) == true",
        "1 < 2",
    );
    check(
        "true != (1 < 2)",
        "bool_comparison:true != (1 < 2)",
        "not (1 < 2)",
    );
    check(
        "({} has a) == false",
        "bool_comparison:({} has a) == false",
        "not {} has a",
    );
    right("1 == 2");
}

#[test]
fn an_if_that_only_says_its_condition() {
    check(
        "if 1 < 2 then true else false",
        "bool_if:if 1 < 2 then true else false",
        "1 < 2",
    );
    check(
        "if 1 < 2 then false else true",
        "bool_if:if 1 < 2 then false else true",
        "not (1 < 2)",
    );
    check(
        "true and if false or true then true else false",
        "bool_if:if false or true then true else false",
        "true and (false or true)",
    );
    right("if 1 < 2 then true else null");
}

#[test]
fn negated_comparisons() {
    check("not (1 == 2)", "negated_comparison:not (1 == 2)", "1 != 2");
    check(
        "not (1 != (1 + 1))",
        "negated_comparison:not (1 != (1 + 1))",
        "1 == (1 + 1)",
    );
    check(
        "(not (1 == 2)) == (1 < 2)",
        "negated_comparison:not (1 == 2)",
        "((1 != 2)) == (1 < 2)",
    );
    right("not (1 < 2)");
}

#[test]
fn annotations_that_change_nothing() {
    check(
        "x = force force 1\n",
        "redundant_annotation:force",
        "x = force 1\n",
    );
    check(
        "x = force default 1\n",
        "redundant_annotation:force",
        "x = default 1\n",
    );
    check(
        "x = force { a = force 1, b = default 2 }\n",
        "redundant_annotation:force",
        "x = force { a = 1, b = default 2 }\n",
    );
    check(
        "x = [before after 1]\n",
        "redundant_annotation:before",
        "x = [after 1]\n",
    );
    right("x = force before [1]\n");
    right("x = force remove [1]\n");
}

#[test]
fn empty_conditions_and_imports_that_were_there_before() {
    check(
        "x = 1\nwhen a.b {\n}\n",
        "empty_when:when a.b {\n}",
        "x = 1\n",
    );
    check(
        "import \"./a.cairn\"\nimport \"a.cairn\"\n",
        "duplicate_import:\"a.cairn\"",
        "import \"./a.cairn\"\n",
    );
}

#[test]
fn a_fix_changes_no_value() {
    let value = |text: &str| {
        let arena = Arena::new();
        let host = Box::new(NoHost);
        let mut evaluator = Evaluator::new(&arena, SourceMap::default(), Interner::default(), host);
        let scope = evaluator.prelude();
        let (value, span) = evaluator.evaluate_in(scope, "test.cairn", text).unwrap();
        evaluator.print(value, span).unwrap()
    };
    let truths = [
        "true",
        "1 < 2",
        "not (1 == 2)",
        "false or true",
        "{ a = 1 } has b",
        "(if 1 == 2 then true else false)",
    ];
    let frames = [
        "if @ then true else false",
        "if (@) then false else true",
        "(@) == true",
        "false == (@)",
        "(@) != false",
        "not ((@) == (1 > 2))",
        "[y and (@) for x, y in [true, false] if not (y == (@))]",
        "let a = @  b = a  c = 1 in [b, let d = 1  e = @ in e]",
        "false and if @ then true else false",
        "(if @ then true else false) == not ((@) != true)",
        "let f = (x, _y) => if x then true else false in f(@, 2) or @",
    ];
    let mut mended = 0;
    for frame in frames {
        for truth in truths {
            let text = frame.replace('@', truth);
            let (after, count) = mend(&text);
            assert_eq!(value(&text), value(&after), "{text}\n{after}");
            assert_eq!(mend(&after).1, 0, "{after}");
            mended += count;
        }
    }
    assert!(mended > 60, "only {mended} fixes were tried");
}
