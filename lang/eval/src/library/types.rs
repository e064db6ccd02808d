//! The built-in types, as a table.

use super::BuiltinType;
use crate::types::TypeKind;

pub(super) static TYPES: &[BuiltinType] = &[
    BuiltinType {
        name: "Any",
        doc: "Everything.",
        example: r#"check([1, "a"], Any)   # => [1,"a"]"#,
        kind: |_| TypeKind::Any,
    },
    BuiltinType {
        name: "Null",
        doc: "Only `null`; `T?` is `T` or null.",
        example: "check(null, Null)   # => null",
        kind: |_| TypeKind::Null,
    },
    BuiltinType {
        name: "Bool",
        doc: "`true` and `false`.",
        example: "check(true, Bool)   # => true",
        kind: |_| TypeKind::Bool,
    },
    BuiltinType {
        name: "Int",
        doc: "Whole numbers of 64 bits.",
        example: "check(80, Int)   # => 80",
        kind: |_| TypeKind::Int,
    },
    BuiltinType {
        name: "Float",
        doc: "Numbers with a point; a whole number is none.",
        example: "check(1, Float)   # => error: types::mismatch",
        kind: |_| TypeKind::Float,
    },
    BuiltinType {
        name: "Str",
        doc: "Strings.",
        example: r#"check("a", Str)   # => "a""#,
        kind: |_| TypeKind::Str,
    },
    BuiltinType {
        name: "Path",
        doc: "Paths of the configuration such as `./www`, and what `build` and `fetch` give.",
        example: "path.name(check(./www, Path))   # => \"www\"",
        kind: |_| TypeKind::Path,
    },
    BuiltinType {
        name: "Fn",
        doc: "Functions.",
        example: "check(x => x + 1, Fn)(1)   # => 2",
        kind: |_| TypeKind::Fn,
    },
    BuiltinType {
        name: "Type",
        doc: "Types themselves.",
        example: "check(1, check(Int, Type))   # => 1",
        kind: |_| TypeKind::Type,
    },
    BuiltinType {
        name: "Secret",
        doc: "What `secret` gives: a reference to an encrypted file, never its content.",
        example: r#"check("hunter2", Secret)   # => error: types::mismatch"#,
        kind: |_| TypeKind::Secret,
    },
];
