//! Bounds: whatever the text, the end is an error with a span, and comes before the memory is taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;

use crate::{Arena, Evaluator, Limits, NoHost};

/// What an expression comes to within 64 MiB and a million steps, and the bytes that it took.
fn bounded(text: &str, limits: Limits) -> (String, usize) {
    let arena = Arena::with_limits(limits);
    let mut evaluator = Evaluator::new(
        &arena,
        SourceMap::default(),
        Interner::default(),
        Box::new(NoHost),
    );
    let result = match evaluator.evaluate_source("test.cairn", text) {
        Ok(value) => {
            let span =
                cairn_syntax::span::Span::new(cairn_syntax::span::SourceId(0), 0, text.len());
            match evaluator.data(value, span) {
                Ok(data) => data.to_json().to_string(),
                Err(errors) => super::lines(&evaluator, &errors),
            }
        }
        Err(errors) => super::lines(&evaluator, &errors),
    };
    (result, arena.used_bytes())
}

const SMALL: Limits = Limits {
    memory_bytes: 64 << 20,
    steps: None,
};

#[track_caller]
fn too_large(text: &str) {
    let (result, used) = bounded(text, SMALL);
    assert!(result.starts_with("eval::memory 1:"), "{text}\n{result}");
    assert_eq!(result.lines().count(), 1, "{result}");
    assert!(used < SMALL.memory_bytes * 2, "{text} took {used} bytes");
}

#[test]
fn what_grows_without_end_ends_at_the_limit_of_memory() {
    too_large(
        "let grow = (s, n) => if n == 0 then s else grow(s + s, n - 1) in grow(\"abcd\", 40)",
    );
    too_large(
        "let grow = (s, n) => if n == 0 then s else grow(\"${s}${s}\", n - 1) in grow(\"abcd\", 40)",
    );
    too_large(
        "let grow = (xs, n) => if n == 0 then xs else grow(xs ++ xs, n - 1) in grow([1, 2], 40)",
    );
    too_large(
        "let grow = (xs, n) => if n == 0 then xs else grow([...xs, ...xs], n - 1) in grow([1, 2], 40)",
    );
    too_large("list.fold(list.range(0, 1000000), {}, (r, i) => { ...r, \"${i}\" = i })");
    too_large("{ \"k${i}\" = i for i in list.range(0, 2000000) }");
    too_large("[[i, i] for i in list.range(0, 2000000)] |> list.map(x => x) |> list.length");
}

#[test]
fn functions_of_the_library_ask_before_they_take() {
    too_large("string.repeat(\"x\", 200000000)");
    too_large("string.length(string.pad(\"x\", 60000000))");
    too_large("list.range(0, 9000000)");
    too_large("let xs = list.range(0, 10000) in list.concat([xs for i in list.range(0, 1000)])");
    too_large(
        "string.length(string.replace(string.repeat(\"x\", 20000), \"x\", string.repeat(\"y\", 10000)))",
    );
    too_large(
        "string.length(string.join([string.repeat(\"x\", 1000000) for i in list.range(0, 1000)], \"\"))",
    );
}

#[test]
fn a_range_that_is_too_long_is_refused_before_it_takes_anything() {
    for text in [
        "list.range(0, 1000000000000)",
        "list.range(0, 9223372036854775807)",
        "list.range(9223372036854775807, -9223372036854775807, step = -1)",
    ] {
        let (result, used) = bounded(text, SMALL);
        assert!(result.starts_with("eval::range 1:"), "{text}\n{result}");
        assert!(used < 1 << 20, "{text} took {used} bytes");
    }
    for (text, items) in [
        (
            "list.range(9223372036854775804, 9223372036854775807, step = 2)",
            "[9223372036854775804,9223372036854775806]",
        ),
        ("list.range(3, -4, step = -3)", "[3,0,-3]"),
        ("list.range(3, -4)", "[]"),
    ] {
        assert_eq!(bounded(text, SMALL).0, items, "{text}");
    }
}

#[test]
fn plain_data_is_counted_as_often_as_it_is_written_out() {
    let shared = "let a = [1, 1, 1, 1, 1, 1, 1, 1]  b = [a, a, a, a, a, a, a, a]  c = [b, b, b, b, b, b, b, b]  d = [c, c, c, c, c, c, c, c]  e = [d, d, d, d, d, d, d, d]  f = [e, e, e, e, e, e, e, e]  g = [f, f, f, f, f, f, f, f]  h = [g, g, g, g, g, g, g, g]";
    too_large(&format!("{shared} in h"));
    too_large(&format!("{shared} in string.length(json.print(h))"));
}

#[test]
fn steps_end_what_would_go_on() {
    let limits = Limits {
        steps: Some(100_000),
        ..Limits::default()
    };
    let ends = [
        "let deep = n => if n == 0 then 0 else deep(n - 1) in list.all(list.range(0, 100000), i => deep(50) == 0)",
        "list.fold(list.range(0, 1000000), 0, (sum, i) => sum + i)",
        "let xs = list.range(0, 1000000) in list.fold(list.range(0, 1000), 0, (sum, i) => sum + list.length(list.reverse(xs)))",
        "let a = [1, 1, 1, 1, 1, 1, 1, 1]  b = [a, a, a, a, a, a, a, a]  c = [b, b, b, b, b, b, b, b]  d = [c, c, c, c, c, c, c, c]  e = [d, d, d, d, d, d, d, d]  f = [d, d, d, d, d, d, d, d] in [e, e, e, e, e, e, e, e] == [f, f, f, f, f, f, f, f]",
    ];
    for text in ends {
        let (result, _) = bounded(text, limits);
        assert!(result.starts_with("eval::steps 1:"), "{text}\n{result}");
        assert_eq!(result.lines().count(), 1, "{result}");
    }
}

#[test]
fn the_limit_of_steps_is_exact() {
    let text = "let count = n => if n == 0 then 0 else 1 + count(n - 1) in count(100)";
    let ends = |steps| {
        let limits = Limits {
            steps: Some(steps),
            ..Limits::default()
        };
        bounded(text, limits).0 == "100"
    };
    let (mut low, mut high) = (1, 10_000);
    assert!(!ends(low) && ends(high));
    while low + 1 < high {
        let middle = u64::midpoint(low, high);
        if ends(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    assert!((300..1000).contains(&high), "{high} steps for 100 calls");
    assert!(ends(high + 1) && !ends(high - 1));
}

#[test]
fn recursion_through_the_library_ends_in_an_error() {
    let deep = [
        "let f = n => list.map([n], f) in json.print(f(0))",
        "let f = n => list.fold([n], 0, (a, b) => f(b)) in f(0)",
        "let f = n => list.sort_by([n, n], f) in f(0)",
        "let f = n => list.any([n], f) in f(0)",
        "let f = n => record.map({ a = n }, (k, v) => f(v)) in json.print(f(0))",
        "let f = n => \"${f(n)}\" in f(0)",
        "let f = n => { a = f(n) } in f(0) == f(0)",
        "let f = n => record.merge({ a = { b = f(n) } }, { a = f(n) }).a in f(0).b.b",
    ];
    for text in deep {
        let (result, _) = bounded(text, SMALL);
        let code = result.split(' ').next().unwrap_or("");
        assert!(
            ["eval::too_deep", "eval::memory"].contains(&code),
            "{text}\n{result}"
        );
    }
}

#[test]
fn a_value_that_holds_itself_ends_long_before_the_stack_does() {
    let endless = [
        "let r = { a = r, b = r } in r",
        "let r = [r] in r",
        "let f = n => { a = f(n + 1), b = f(n) } in f(0)",
        "let r = { a = r } in json.print(r)",
        "let r = [r, 1]  s = [s, 1] in r == s",
    ];
    let ends = crate::with_deep_stack(|| {
        for text in endless {
            let (result, _) = bounded(text, Limits::default());
            assert!(
                result.starts_with("eval::too_deep 1:") && result.contains("50000 levels"),
                "{text}\n{result}"
            );
            assert_eq!(result.lines().count(), 1, "{result}");
        }
    });
    assert!(ends.is_ok());
}

#[test]
fn a_flag_ends_what_would_go_on_and_spoils_nothing() {
    let flag = Arc::new(AtomicBool::new(true));
    let arena = Arena::new().stopped_by(flag.clone());
    let mut evaluator = Evaluator::new(
        &arena,
        SourceMap::default(),
        Interner::default(),
        Box::new(NoHost),
    );
    let span = cairn_syntax::span::Span::new(cairn_syntax::span::SourceId(0), 0, 1);
    let sum = "list.fold(list.range(0, 100000), 0, (a, b) => a + b)";
    let sum = evaluator.evaluate_source("a", sum).unwrap();
    let error = evaluator.force(sum, span).err();
    assert_eq!(error.map(|one| one.code), Some("eval::interrupted"));
    flag.store(false, Ordering::Relaxed);
    // Whatever belongs to the same line of a REPL ends alike.
    let error = evaluator.force(sum, span).err();
    assert_eq!(error.map(|one| one.code), Some("eval::interrupted"));
    evaluator.renew();
    assert!(evaluator.force(sum, span).is_ok());
}

#[test]
fn an_evaluator_goes_on_with_new_steps() {
    let arena = Arena::with_limits(Limits {
        steps: Some(1000),
        ..Limits::default()
    });
    let mut evaluator = Evaluator::new(
        &arena,
        SourceMap::default(),
        Interner::default(),
        Box::new(NoHost),
    );
    let span = cairn_syntax::span::Span::new(cairn_syntax::span::SourceId(0), 0, 1);
    let long = evaluator
        .evaluate_source("a", "list.fold(list.range(0, 1000), 0, (a, b) => a + b)")
        .unwrap();
    assert_eq!(
        evaluator.force(long, span).err().unwrap().code,
        "eval::steps"
    );
    assert_eq!(
        evaluator.force(long, span).err().unwrap().code,
        "eval::steps"
    );
    evaluator.renew();
    let short = evaluator.evaluate_source("b", "1 + 1").unwrap();
    assert!(evaluator.force(short, span).is_ok());
}

#[test]
fn a_type_that_only_stands_for_itself_is_refused() {
    for ty in ["A?", "A | null", "A where (x => true)", "Int | A?"] {
        let module = format!("type A = {ty}");
        let line = super::evaluate_with(&module, "check(1, A)", Box::new(NoHost));
        assert!(line.starts_with("types::endless 1:6-7"), "{ty}: {line}");
    }
    let module = "type A = { next: A? } | List(A)";
    let line = super::evaluate_with(module, "check({ next = { } }, A)", Box::new(NoHost));
    assert_eq!(line, r#"{"next":{"next":null}}"#);
}
