//! Trees such as the parser gives, for the round trip; spans are all zero.

use cairn_syntax::ast::{
    Annotation, Arg, BinaryOp, Binding, Expr, ExprKind, ForClause, Item, ItemKind, Key, ListItem,
    Name, Param, Pattern, RecordItem, StrPart, Type, TypeField, TypeKind, UnaryOp,
};
use cairn_syntax::span::{SourceId, Span};
use cairn_syntax::symbol::{Interner, Symbol};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Names that may be variables: contextual words among them.
const VARIABLES: [&str; 14] = [
    "a", "b-c", "_x9", "config", "self", "force", "default", "priority", "order", "test", "option",
    "when", "warn", "type",
];

/// Names that need quotes, or are keys only.
const KEYS: [&str; 8] = ["if", "or", "has", "where", "a b", "", "é\n\"${x}\\", "9"];

/// The table in which [`Symbol`]s of the generated trees stand.
pub fn names() -> Interner {
    let mut names = Interner::default();
    for text in VARIABLES.iter().chain(&KEYS) {
        names.intern(text);
    }
    names
}

fn span() -> Span {
    Span::new(SourceId(0), 0, 0)
}

fn variable() -> impl Strategy<Value = Symbol> {
    (0..VARIABLES.len() as u32).prop_map(Symbol)
}

fn bound() -> impl Strategy<Value = Name> {
    variable().prop_map(|symbol| Name {
        symbol,
        span: span(),
    })
}

fn key_name() -> impl Strategy<Value = Name> {
    (0..(VARIABLES.len() + KEYS.len()) as u32).prop_map(|index| Name {
        symbol: Symbol(index),
        span: span(),
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z \\$\\{\\}\"\\\\\n\t#]{1,8}",
        Just("${".to_owned()),
        Just("\u{feff}\r\u{0}ä".to_owned()),
    ]
}

fn documentation() -> impl Strategy<Value = Option<String>> {
    option::weighted(0.2, "([a-z#]{0,5})(\n( [a-z]){1,2}){0,2}")
}

fn of(kind: ExprKind) -> Expr {
    Expr { kind, span: span() }
}

fn boxed(expr: Expr) -> Box<Expr> {
    Box::new(expr)
}

fn leaf() -> impl Strategy<Value = ExprKind> {
    prop_oneof![
        Just(ExprKind::Null),
        any::<bool>().prop_map(ExprKind::Bool),
        (0..=i64::MAX).prop_map(ExprKind::Int),
        (0.0..1e300f64).prop_map(ExprKind::Float),
        (0.0..1.0f64).prop_map(ExprKind::Float),
        Just(ExprKind::Str(Vec::new())),
        text().prop_map(|text| ExprKind::Str(vec![StrPart::Text(text)])),
        prop_oneof![Just("./a"), Just("../b/c.d"), Just("./")]
            .prop_map(|path| ExprKind::Path(path.to_owned())),
        variable().prop_map(ExprKind::Var),
    ]
}

/// Any expression that may stand anywhere.
pub fn expr() -> BoxedStrategy<Expr> {
    leaf()
        .prop_map(of)
        .prop_recursive(5, 40, 4, |inner| compound(inner.boxed()))
        .boxed()
}

fn interpolated(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Vec<StrPart>> {
    (option::of(text()), vec((inner, option::of(text())), 1..3)).prop_map(|(first, rest)| {
        let mut parts: Vec<StrPart> = first.map(StrPart::Text).into_iter().collect();
        for (expr, text) in rest {
            parts.push(StrPart::Interpolation(expr));
            parts.extend(text.map(StrPart::Text));
        }
        parts
    })
}

fn first_key(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Key> {
    prop_oneof![
        3 => key_name().prop_map(Key::Name),
        1 => interpolated(inner).prop_map(|parts| Key::Computed(boxed(of(ExprKind::Str(parts))))),
    ]
}

fn key(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Key> {
    prop_oneof![
        3 => first_key(inner.clone()),
        1 => inner.prop_map(|expr| Key::Computed(boxed(expr))),
    ]
}

fn path(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Vec<Key>> {
    (first_key(inner.clone()), vec(key(inner), 0..2)).prop_map(|(first, mut rest)| {
        rest.insert(0, first);
        rest
    })
}

fn annotated(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Expr> {
    let annotation = prop_oneof![
        Just(Annotation::Force),
        Just(Annotation::Default),
        Just(Annotation::Before),
        Just(Annotation::After),
        Just(Annotation::Remove),
        (-9..2000i64).prop_map(Annotation::Priority),
        (-9..2000i64).prop_map(Annotation::Order),
    ];
    (option::weighted(0.3, annotation), inner).prop_map(|(annotation, value)| match annotation {
        Some(annotation) => of(ExprKind::Annotated {
            annotation,
            value: boxed(value),
        }),
        None => value,
    })
}

fn clause(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Box<ForClause>> {
    (vec(bound(), 1..3), inner.clone(), option::of(inner)).prop_map(|(names, source, condition)| {
        Box::new(ForClause {
            names,
            source,
            condition,
        })
    })
}

fn binding(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Binding> {
    (bound(), inner).prop_map(|(name, value)| Binding { name, value })
}

fn param(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Param> {
    let fields = vec((bound(), option::of(inner.clone())), 0..3);
    let record = (fields, any::<bool>(), option::of(bound())).prop_map(|(fields, open, whole)| {
        Pattern::Record {
            fields,
            open,
            whole,
            span: span(),
        }
    });
    let pattern = prop_oneof![bound().prop_map(Pattern::Name), record];
    (
        pattern,
        option::weighted(0.2, ty(inner.clone())),
        option::weighted(0.3, inner),
    )
        .prop_map(|(pattern, ty, default)| Param {
            pattern,
            ty,
            default,
        })
}

fn binary() -> impl Strategy<Value = BinaryOp> {
    prop::sample::select(vec![
        BinaryOp::Pipe,
        BinaryOp::Default,
        BinaryOp::Or,
        BinaryOp::And,
        BinaryOp::Equal,
        BinaryOp::NotEqual,
        BinaryOp::Less,
        BinaryOp::LessEqual,
        BinaryOp::Greater,
        BinaryOp::GreaterEqual,
        BinaryOp::Concat,
        BinaryOp::Add,
        BinaryOp::Subtract,
        BinaryOp::Multiply,
        BinaryOp::Divide,
        BinaryOp::Remainder,
    ])
}

fn compound(inner: BoxedStrategy<Expr>) -> impl Strategy<Value = Expr> {
    let item = prop_oneof![
        3 => annotated(inner.clone()).prop_map(ListItem::Value),
        1 => inner.clone().prop_map(ListItem::Spread),
    ];
    let field = (
        path(inner.clone()),
        annotated(inner.clone()),
        documentation(),
    )
        .prop_map(|(path, value, doc)| RecordItem::Field { path, value, doc });
    let field = prop_oneof![
        4 => field,
        1 => inner.clone().prop_map(RecordItem::Spread),
    ];
    let arg = (option::weighted(0.3, bound()), inner.clone())
        .prop_map(|(name, value)| Arg { name, value });
    let one = || inner.clone().prop_map(boxed);
    prop_oneof![
        interpolated(inner.clone()).prop_map(ExprKind::Str),
        vec(item, 0..4).prop_map(ExprKind::List),
        (annotated(inner.clone()), clause(inner.clone())).prop_map(|(body, clause)| {
            ExprKind::ListFor {
                body: boxed(body),
                clause,
            }
        }),
        vec(field, 0..4).prop_map(ExprKind::Record),
        (
            interpolated(inner.clone()),
            annotated(inner.clone()),
            clause(inner.clone())
        )
            .prop_map(|(key, value, clause)| ExprKind::RecordFor {
                key: boxed(of(ExprKind::Str(key))),
                value: boxed(value),
                clause,
            }),
        (vec(param(inner.clone()), 0..3), one())
            .prop_map(|(params, body)| ExprKind::Lambda { params, body }),
        (one(), vec(arg, 0..3)).prop_map(|(callee, args)| ExprKind::Call { callee, args }),
        (one(), key(inner.clone()), any::<bool>()).prop_map(|(target, key, optional)| {
            ExprKind::Select {
                target,
                key,
                optional,
            }
        }),
        (one(), path(inner.clone())).prop_map(|(target, path)| ExprKind::Has { target, path }),
        (vec(binding(inner.clone()), 0..3), one())
            .prop_map(|(bindings, body)| ExprKind::Let { bindings, body }),
        (one(), one(), one()).prop_map(|(condition, then, otherwise)| ExprKind::If {
            condition,
            then,
            otherwise
        }),
        (one(), one(), one()).prop_map(|(condition, message, body)| ExprKind::Assert {
            condition,
            message,
            body
        }),
        (
            prop_oneof![Just(UnaryOp::Not), Just(UnaryOp::Negate)],
            one()
        )
            .prop_map(|(op, operand)| ExprKind::Unary { op, operand }),
        (binary(), one(), one()).prop_map(|(op, left, right)| ExprKind::Binary {
            op,
            op_span: span(),
            left,
            right,
        }),
        ty(inner.clone()).prop_map(|ty| ExprKind::Type(Box::new(ty))),
    ]
    .prop_map(of)
}

/// Any type whose defaults and predicates are of `inner`.
fn ty(inner: BoxedStrategy<Expr>) -> BoxedStrategy<Type> {
    let literal = prop_oneof![
        Just(ExprKind::Null),
        any::<bool>().prop_map(ExprKind::Bool),
        (0..99i64).prop_map(ExprKind::Int),
        text().prop_map(|text| ExprKind::Str(vec![StrPart::Text(text)])),
        (0..99i64).prop_map(|number| ExprKind::Unary {
            op: UnaryOp::Negate,
            operand: boxed(of(ExprKind::Int(number))),
        }),
    ];
    let leaf = prop_oneof![
        variable().prop_map(TypeKind::Name),
        literal.prop_map(|literal| TypeKind::Literal(boxed(of(literal)))),
    ]
    .prop_map(|kind| Type { kind, span: span() });
    leaf.prop_recursive(3, 8, 3, move |types| {
        let default = option::weighted(0.3, inner.clone());
        let field = (key_name(), types.clone(), default, documentation()).prop_map(
            |(name, ty, default, doc)| TypeField {
                name,
                ty,
                default,
                doc,
            },
        );
        prop_oneof![
            (bound(), vec(types.clone(), 0..3))
                .prop_map(|(name, args)| TypeKind::Apply { name, args }),
            vec(types.clone(), 2..4).prop_map(TypeKind::Union),
            types
                .clone()
                .prop_map(|ty| TypeKind::Nullable(Box::new(ty))),
            (vec(field, 0..3), any::<bool>())
                .prop_map(|(fields, open)| TypeKind::Record { fields, open }),
            (types, inner.clone()).prop_map(|(base, predicate)| TypeKind::Where {
                base: Box::new(base),
                predicate: boxed(predicate),
            }),
        ]
        .prop_map(|kind| Type { kind, span: span() })
    })
    .boxed()
}

/// The items of a module.
pub fn items() -> impl Strategy<Value = Vec<Item>> {
    let path = || vec(key_name(), 1..3);
    let plain = prop_oneof![
        text().prop_map(|path| ItemKind::Import {
            path,
            path_span: span()
        }),
        binding(expr()).prop_map(ItemKind::Let),
        (bound(), ty(expr())).prop_map(|(name, ty)| ItemKind::Type { name, ty }),
        (path(), ty(expr()), option::of(expr())).prop_map(|(path, ty, default)| ItemKind::Option {
            path,
            ty,
            default
        }),
        (path(), annotated(expr())).prop_map(|(path, value)| ItemKind::Definition { path, value }),
        (expr(), expr()).prop_map(|(condition, message)| ItemKind::Assert { condition, message }),
        (expr(), expr()).prop_map(|(condition, message)| ItemKind::Warn { condition, message }),
        (key_name(), expr()).prop_map(|(claim, expr)| ItemKind::Test { claim, expr }),
    ];
    let item = |kind: BoxedStrategy<ItemKind>| {
        (kind, documentation()).prop_map(|(kind, doc)| Item {
            kind,
            span: span(),
            doc,
        })
    };
    let nested = item(plain.boxed()).prop_recursive(2, 8, 3, move |inner| {
        let items = vec(inner, 0..3);
        let kind = prop_oneof![
            (expr(), items.clone())
                .prop_map(|(condition, items)| ItemKind::When { condition, items }),
            (key_name(), items).prop_map(|(name, items)| ItemKind::Variant { name, items }),
        ];
        item(kind.boxed())
    });
    vec(nested, 0..5)
}

/// A piece of text such as stands in configurations, right or wrong.
pub fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "b.c",
        " ",
        " ",
        "\n",
        "\n  ",
        "=",
        " = ",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ";",
        ":",
        "\"",
        "\"\"\"",
        "${",
        "$",
        "$\"",
        "'",
        "''",
        "if ",
        "then ",
        "else ",
        "let ",
        "in ",
        "for ",
        "when ",
        "option ",
        "type ",
        "import ",
        "assert ",
        "test ",
        "not ",
        "-",
        "+",
        "|>",
        "??",
        "?",
        "?.",
        ".",
        "..",
        "...",
        "./x",
        "/",
        "~",
        "=>",
        "==",
        "!",
        "&&",
        "1",
        "0x",
        "1.5",
        "#",
        "## d\n",
        "force ",
        "priority(1) ",
        "has ",
        "where ",
        "(x",
        "with ",
        "rec ",
        "inherit ",
        "\\",
        "é",
        "\u{0}",
        "\t",
        "\r\n",
    ])
}
