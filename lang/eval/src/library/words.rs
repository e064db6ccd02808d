//! The words of the language that are no functions: for documentation, hover and completion.

use super::split_example;

/// A word of the language.
pub struct Word {
    /// As it is written.
    pub name: &'static str,
    /// How it is used: `if condition then a else b`.
    pub form: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// Whether it begins an item of a module or stands in one, and is no word in an expression.
    pub in_modules: bool,
    /// An expression, `# =>`, and its value as JSON; for a word of modules, a whole module.
    pub example: &'static str,
}

impl Word {
    /// The example's expression, and what it gives; nothing for a module.
    pub fn example(&self) -> (&'static str, &'static str) {
        split_example(self.example)
    }
}

const fn word(
    name: &'static str,
    form: &'static str,
    doc: &'static str,
    example: &'static str,
) -> Word {
    Word {
        name,
        form,
        doc,
        in_modules: false,
        example,
    }
}

const fn item(
    name: &'static str,
    form: &'static str,
    doc: &'static str,
    example: &'static str,
) -> Word {
    Word {
        in_modules: true,
        ..word(name, form, doc, example)
    }
}

pub(super) static WORDS: &[Word] = &[
    word(
        "let",
        "let a = 1  b = a in …",
        "Names that see each other, in any order; without `in`, as an item, for the whole file.",
        "let a = b  b = 2 in a + b   # => 4",
    ),
    word(
        "if",
        "if condition then a else b",
        "One of two values; the other one is never computed.",
        r#"if 1 < 2 then "yes" else "no"   # => "yes""#,
    ),
    word(
        "for",
        "[value for x in list if condition]",
        "Walks a list, or with two names a record or a list with its indices.",
        "[x * 2 for x in [1, 2, 3] if x > 1]   # => [4,6]",
    ),
    word(
        "has",
        "record has a.b",
        "Whether there is such a field, even if it is null.",
        "{ a.b = null } has a.b   # => true",
    ),
    word(
        "and",
        "a and b",
        "Both; does not look to the right after false.",
        r#"false and error("never")   # => false"#,
    ),
    word(
        "or",
        "a or b",
        "Either; does not look to the right after true.",
        r#"true or error("never")   # => true"#,
    ),
    word(
        "not",
        "not a",
        "The other truth value.",
        "not false   # => true",
    ),
    word(
        "assert",
        "assert condition else \"message\" in …",
        "An error where the condition is false; without `in`, as an item, it refuses the configuration.",
        r#"assert 1 < 2 else "numbers are broken" in 3   # => 3"#,
    ),
    word(
        "import",
        "import(\"./file.cairn\")",
        "The value of an expression file; as an item, `import \"./file.cairn\"` includes a module.",
        r#"import("./ports.cairn").http   # => 80"#,
    ),
    word(
        "type",
        "type { a: Int, b: Str = \"x\" }",
        "A type as a value; as an item, `type Name = T` names one.",
        "check({ a = 1 }, type { a: Int, b: Int = 2 })   # => {\"a\":1,\"b\":2}",
    ),
    word(
        "where",
        "T where (x => condition)",
        "The values of a type for which a function gives true.",
        "check(80, type Int where (n => n > 0))   # => 80",
    ),
    word(
        "self",
        "{ a: Int, b: Int = self.a }",
        "In the default of a field, the record itself.",
        "check({ a = 1 }, type { a: Int, b: Int = self.a + 1 })   # => {\"a\":1,\"b\":2}",
    ),
    word(
        "name",
        "Map({ root: Str = \"/srv/${name}\" })",
        "In the default of a field, the record's key in the nearest `Map` around it.",
        "check({ x = {} }, type Map({ is: Str = name }))   # => {\"x\":{\"is\":\"x\"}}",
    ),
    item(
        "config",
        "config.services.nginx.enable",
        "The finished configuration; reading an option computes only what it needs.",
        "option a: Int = 1\noption b: Int = config.a + 1",
    ),
    item(
        "option",
        "option path: T = default",
        "Declares an option; a record type declares all options below it.",
        "## How many.\noption workers: Int = 4",
    ),
    item(
        "when",
        "when condition { … }",
        "Items that count where the condition holds.",
        "option debug: Bool = false\noption level: Int = 1\nwhen config.debug {\n  level = 3\n}",
    ),
    item(
        "warn",
        "warn condition else \"message\"",
        "Warns where the condition is false.",
        "option port: Int = 8080\nwarn config.port >= 1024 else \"a port below 1024 needs root\"",
    ),
    item(
        "test",
        "test \"claim\" expression",
        "Must be true; `cairn check` runs it.",
        "option port: Int = 8080\ntest \"it needs no root\" config.port >= 1024",
    ),
    item(
        "force",
        "path = force value",
        "Priority 50: wins over plain definitions.",
        "option level: Int = 1\nlevel = 2\nlevel = force 3",
    ),
    item(
        "default",
        "path = default value",
        "Priority 1000: gives way to plain definitions.",
        "option level: Int = 1\nlevel = default 2\nlevel = 3",
    ),
    item(
        "priority",
        "path = priority(n) value",
        "Any priority; the lowest number wins.",
        "option level: Int = 1\nlevel = priority(60) 2\nlevel = 3",
    ),
    item(
        "before",
        "list = before [item]",
        "Places items and lines before plain ones: order 500.",
        "option path: List(Str) = []\npath = [\"/usr/bin\"]\npath = before [\"/opt/bin\"]",
    ),
    item(
        "after",
        "list = after [item]",
        "Places items and lines after plain ones: order 1500.",
        "option path: List(Str) = []\npath = after [\"/usr/games\"]\npath = [\"/usr/bin\"]",
    ),
    item(
        "order",
        "list = order(n) [item]",
        "Places items and lines; plain ones have 1000.",
        "option path: List(Str) = []\npath = order(700) [\"/opt/bin\"]\npath = [\"/usr/bin\"]",
    ),
    item(
        "remove",
        "list = remove [item]",
        "Takes items out of a list, or keys out of a map, that others defined.",
        "option packages: List(Str) = []\npackages = [\"curl\", \"htop\"]\npackages = remove [\"curl\"]",
    ),
];
