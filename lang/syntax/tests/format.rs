//! What the formatter does to texts, and what it never does: change a tree, lose a comment, or want a second go.

mod generate;

use cairn_syntax::format;
use cairn_syntax::printer::{print_expression, print_module};
use cairn_syntax::span::SourceMap;
use cairn_syntax::symbol::Interner;
use cairn_syntax::{parse_expression, parse_module};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The tree of a module or an expression without its spans; `None` where the text has errors.
fn tree(text: &str, as_module: bool) -> Option<String> {
    let mut sources = SourceMap::default();
    let mut names = Interner::default();
    let id = sources.add("test.cairn", text);
    let (errors, tree) = if as_module {
        let parsed = parse_module(&sources, id, &mut names);
        (parsed.errors, format!("{:?}", parsed.tree))
    } else {
        let parsed = parse_expression(&sources, id, &mut names);
        (parsed.errors, format!("{:?}", parsed.tree))
    };
    if !errors.is_empty() {
        return None;
    }
    let mut pieces = tree.split("Span { ");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push_str(piece.split_once('}').map_or("", |(_, after)| after));
    }
    Some(out)
}

/// Whether a text has no errors, quicker than by [`tree`].
fn is_right(text: &str, as_module: bool) -> bool {
    let mut sources = SourceMap::default();
    let mut names = Interner::default();
    let id = sources.add("test.cairn", text);
    if as_module {
        parse_module(&sources, id, &mut names).errors.is_empty()
    } else {
        parse_expression(&sources, id, &mut names).errors.is_empty()
    }
}

/// All that is no blank, line break or comma: tokens and comments, in order.
fn ink(text: &str) -> String {
    text.chars()
        .filter(|c| !(c.is_whitespace() || matches!(c, ',' | '\u{feff}')))
        .collect()
}

fn keeps_all(text: &str, as_module: bool) -> Result<(), TestCaseError> {
    let tidy = format(text).map_err(|errors| TestCaseError::fail(format!("{text}\n{errors:?}")))?;
    prop_assert_eq!(ink(&tidy), ink(text), "{}\n---\n{}", text, tidy);
    prop_assert_eq!(format(&tidy), Ok(tidy.clone()), "{}", text);
    let (before, after) = (tree(text, as_module), tree(&tidy, as_module));
    prop_assert_eq!(after, before, "{}\n---\n{}", text, tidy);
    Ok(())
}

/// Somewhere in a text, blanks, line breaks and comments come in, or blanks go out.
#[derive(Debug, Clone)]
struct Edit {
    place: Index,
    put: Option<&'static str>,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let put = select(vec![
        None,
        None,
        None,
        Some(" "),
        Some("  "),
        Some("\t"),
        Some("\n"),
        Some("\n"),
        Some("\n\n"),
        Some("\n\n\n"),
        Some("\r\n"),
        Some("# 1\n"),
        Some(" # 2 \n"),
        Some("\n# 3\n"),
        Some("\n\n  # 4\n\n"),
        Some("\n## 5\n"),
        Some("\n## 6\n\n## 7\n# 8\n"),
        Some("## 9\n"),
        Some(","),
        Some(",\n"),
    ]);
    let edit = (any::<Index>(), put).prop_map(|(place, put)| Edit { place, put });
    vec(edit, 0..24)
}

/// Does to a text what leaves it right.
fn sprinkle(mut text: String, edits: &[Edit], as_module: bool) -> String {
    for edit in edits {
        let place = |c: char| c.is_ascii_whitespace() || c.is_ascii_punctuation();
        let places: Vec<usize> = text
            .char_indices()
            .filter(|(_, c)| place(*c))
            .flat_map(|(at, c)| [at, at + c.len_utf8()])
            .chain([0, text.len()])
            .collect();
        let at = *edit.place.get(&places);
        let mut other = text.clone();
        match edit.put {
            Some(put) => other.insert_str(at, put),
            None if text[at..].starts_with([' ', '\n']) => drop(other.remove(at)),
            None => continue,
        }
        if is_right(&other, as_module) {
            text = other;
        }
    }
    text
}

/// As many cases as `PROPTEST_CASES` says; enough to notice a mistake without it.
fn config() -> ProptestConfig {
    let cases = std::env::var_os("PROPTEST_CASES").map_or(300, |_| ProptestConfig::default().cases);
    ProptestConfig {
        cases,
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn modules_keep_their_trees_and_comments(items in generate::items(), edits in edits()) {
        let module = cairn_syntax::ast::Module { items };
        let text = sprinkle(print_module(&module, &generate::names()), &edits, true);
        keeps_all(&text, true)?;
    }

    #[test]
    fn expressions_keep_their_trees_and_comments(expr in generate::expr(), edits in edits()) {
        let text = sprinkle(print_expression(&expr, &generate::names()), &edits, false);
        keeps_all(&text, false)?;
    }

    #[test]
    fn what_people_write_keeps_its_tree(text in select(written()), edits in edits()) {
        keeps_all(&sprinkle(text, &edits, true), true)?;
    }

    #[test]
    fn any_run_of_pieces_is_refused_or_kept(pieces in vec(generate::piece(), 0..40)) {
        let text = pieces.concat();
        let as_module = is_right(&text, true);
        if as_module || is_right(&text, false) {
            keeps_all(&text, as_module)?;
        } else {
            prop_assert!(format(&text).is_err());
        }
    }
}

/// Modules with forms that printed trees do not have.
fn written() -> Vec<String> {
    let texts = [
        "a = \"\"\"\n  x\n    ${y} z\n\n  \"\"\"\nb = f(\"\"\"a\n b\"\"\", {\n  c = \"\"\"\n\t\tx\n\t\"\"\"\n})\n",
        "a = if b then\n  c\nelse if d then\n  e\nelse\n  f\ng = (x) => let\n  y = 1\n  z = 2\nin\n{ y, z }\n",
        "when a\n  and b {\n  c = x\n    |> f(1)\n    |> g\n}\nassert a\n  else \"b\"\n",
        "x = [\n  a\n  for a in b\n  if c\n]\ny = { k = v for k, v in z }\nz = $\"${a} $${b}\"\n",
        "type A = | \"b\" | C?? where (x => x > -1)\noption a.b: A? = 0o644\n",
        "xs = [1_000, 0xff, force -1, priority(5) [a], before { b }, ...c.d,]\n",
        "f = ({ a, b = 1, .. } as all, c: Int = 2) => assert a else \"b\" in not a and (b) - c\n",
        "p = ./a/b\nq = (./a).b + ../c\nr = x.\"y z\".[k]?.if(1)(2) has a.b or c\n",
        "a  = 1 # one\nbcd = 2  # two\ne.f = { g  = 1,\n  hi = 2 }\n",
        "option a: {\n  b:  Int = 1\n  ## c\n  cc: Str = \"\"\n}\n",
    ];
    texts.map(str::to_owned).to_vec()
}

/// What a text becomes.
fn check(input: &str, expect: &str) {
    assert_eq!(format(input).as_deref(), Ok(expect), "{input}");
    assert_eq!(format(expect).as_deref(), Ok(expect));
}

#[test]
fn every_comment_stays_where_it_belongs() {
    check(
        "# file\n\n\n## doc\noption a : { # open\n\n  # own\n  b:Int=1 # end\n\n  # last\n\n}\n\n\n# end",
        "# file\n\n## doc\noption a: { # open\n  # own\n  b: Int = 1 # end\n\n  # last\n}\n\n# end\n",
    );
    check(
        "a = if b # why\n then c else # not\n # own\n d",
        "a = if b # why\n  then c else # not\n    # own\n    d\n",
    );
    check(
        "a = let # one\nb = 1\n# two\nin # three\nb",
        "a = let # one\n  b = 1\n  # two\nin # three\n  b\n",
    );
    check(
        "a = [1 # one\n, 2, # two\n]",
        "a = [\n  1 # one\n  , 2, # two\n]\n",
    );
    check("a = # one\n1\n", "a = # one\n  1\n");
}

#[test]
fn a_broken_list_has_its_brackets_on_lines_of_their_own() {
    check("a = [1,\n2]", "a = [\n  1,\n  2\n]\n");
    check("a = {b = 1\nc = 2,}", "a = {\n  b = 1\n  c = 2,\n}\n");
    check("a = [1, 2, ]", "a = [1, 2]\n");
    check("a = f(x, {\nb = 1 })", "a = f(x, {\n  b = 1\n})\n");
    check("a = f(\nx,\ny)", "a = f(\n  x,\n  y\n)\n");
    check("a = f(x,\ny)", "a = f(x,\n  y)\n");
    check("a = [\n]", "a = []\n");
}

#[test]
fn lines_that_go_on_are_indented() {
    check("a =\nb\n|> c\n|> d", "a =\n  b\n  |> c\n  |> d\n");
    check("a = b\n|> c", "a = b\n  |> c\n");
    check(
        "a = x => if b then\nc\nelse if d then\ne\nelse\nf",
        "a = x => if b then\n  c\nelse if d then\n  e\nelse\n  f\n",
    );
    check(
        "when a\nand b {\nc = 1\n}",
        "when a\n  and b {\n  c = 1\n}\n",
    );
    check("assert a\nelse \"b\"", "assert a\n  else \"b\"\n");
    check(
        "a = [\nb\nfor b in c\nif d\n]",
        "a = [\n  b\n  for b in c\n  if d\n]\n",
    );
    check("let\na = 1\nin\na", "let\n  a = 1\nin\na\n");
}

#[test]
fn two_blanks_ask_for_a_table() {
    check("a = 1\nbb = 2", "a = 1\nbb = 2\n");
    check("a  = 1\nbbb = 2\n\nc = 3", "a   = 1\nbbb = 2\n\nc = 3\n");
    check(
        "type A = {\n  b:  Int = 1\n  cc: Str  = 2\n}",
        "type A = {\n  b:  Int = 1\n  cc: Str = 2\n}\n",
    );
    check("a = 1  # one\nbb = 2 # two", "a = 1  # one\nbb = 2 # two\n");
}

#[test]
fn literals_keep_their_spelling() {
    let text = "a = [0o644, 1_000, 0xFF, 1.50, \"\\u{e4}\\$\", $\"${x} $${y  +z}\", ./a/../b]\n";
    check(text, text);
}

#[test]
fn the_text_of_a_block_moves_with_its_line() {
    check(
        "when a {\nb = \"\"\"\n\n x\n   ${y}\n  \n \"\"\"\n}",
        "when a {\n  b = \"\"\"\n\n    x\n      ${y}\n\n    \"\"\"\n}\n",
    );
}

#[test]
fn blanks_that_decide_stay() {
    check(
        "a = force (x)\nb = force(x)",
        "a = force (x)\nb = force(x)\n",
    );
    check("a=-1 - -b", "a = -1 - -b\n");
    check("when(a){}", "when (a) {}\n");
    check("a = if(b)then(c)else(d)", "a = if (b) then (c) else (d)\n");
    check("type A = B ?|C? ?", "type A = B? | C??\n");
}
