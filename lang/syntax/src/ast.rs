//! The abstract syntax tree: what the parser hands to evaluation.
//!
//! Every node carries its [`Span`]. Names are [`Symbol`]s. Nothing is resolved here: scopes become
//! slots in `cairn-eval`, definitions become a trie in `cairn-options`.
#![expect(
    missing_docs,
    reason = "the fields of a variant are named in the variant's own sentence"
)]

use crate::span::Span;
use crate::symbol::Symbol;

/// A name where it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// The interned text.
    pub symbol: Symbol,
    /// Where it stands (for a quoted key: with its quotes).
    pub span: Span,
}

/// A module file: a sequence of items.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Module {
    /// In the order of the text.
    pub items: Vec<Item>,
}

/// One item of a module.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// The whole item, without its doc comment.
    pub span: Span,
    /// The `##` lines before it, joined by line breaks, markers stripped.
    pub doc: Option<String>,
}

/// The kinds of module items.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemKind {
    /// `import "./x.cairn"`.
    Import { path: String, path_span: Span },
    /// `let name = expr`, visible in the whole module, mutually recursive.
    Let(Binding),
    /// `type Name = type`.
    Type { name: Name, ty: Type },
    /// `option a.b: Type` or `option a.b: Type = default`.
    Option {
        path: Vec<Name>,
        ty: Type,
        default: Option<Expr>,
    },
    /// `a.b."c" = expr`, with what the right side was wrapped in.
    Definition { path: Vec<Name>, value: Expr },
    /// `when cond { items }`.
    When { condition: Expr, items: Vec<Item> },
    /// `variant "name" { items }`.
    Variant { name: Name, items: Vec<Item> },
    /// `assert cond else message`.
    Assert { condition: Expr, message: Expr },
    /// `warn cond else message`: the message is shown where the condition is false.
    Warn { condition: Expr, message: Expr },
    /// `test "claim" expr`.
    Test { claim: Name, expr: Expr },
}

/// `name = value` of a `let`.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The bound name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The whole expression; brackets around it do not count.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// `1_000`, `0xff`, `0o644`.
    Int(i64),
    /// `1.5`.
    Float(f64),
    /// A string of either form, common indent stripped and escapes resolved.
    Str(Vec<StrPart>),
    /// `./x` or `../x`, as written.
    Path(String),
    /// A variable. `config`, `self`, `name`, `import`, `error` … are variables too; resolution gives
    /// them their meaning.
    Var(Symbol),
    /// `[a, ...b]`.
    List(Vec<ListItem>),
    /// `[body for pattern in source if condition]`.
    ListFor {
        body: Box<Expr>,
        clause: Box<ForClause>,
    },
    /// `{ a = 1, ...b }`.
    Record(Vec<RecordItem>),
    /// `{ "${k}" = v for k, v in source if condition }`.
    RecordFor {
        key: Box<Expr>,
        value: Box<Expr>,
        clause: Box<ForClause>,
    },
    /// `x => body`, `(x, y = 1) => body`, `({ a, b = 1, .. } as all) => body`.
    Lambda { params: Vec<Param>, body: Box<Expr> },
    /// `f(x, port = 80)`.
    Call { callee: Box<Expr>, args: Vec<Arg> },
    /// `r.a`, `r."x y"`, `r.[expr]`; with `optional`, `r.a?.b`: null where `a` is missing.
    Select {
        target: Box<Expr>,
        key: Key,
        optional: bool,
    },
    /// `r has a.b`.
    Has { target: Box<Expr>, path: Vec<Key> },
    /// `let a = 1  b = 2 in body`, mutually recursive.
    Let {
        bindings: Vec<Binding>,
        body: Box<Expr>,
    },
    /// `if c then a else b`.
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// `assert c else message in body`.
    Assert {
        condition: Box<Expr>,
        message: Box<Expr>,
        body: Box<Expr>,
    },
    /// `not x`, `-x`.
    Unary { op: UnaryOp, operand: Box<Expr> },
    /// `a + b` and so on; `a |> f(b)` stays as it is and means `f(a, b)`.
    Binary {
        op: BinaryOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `force v`, `default v`, `priority(n) v`, `before v`, `after v`, `order(n) v`, `remove [..]`: only
    /// as the right side of a definition, a field of a defined record or an item of a defined list.
    Annotated {
        annotation: Annotation,
        value: Box<Expr>,
    },
    /// A type in an expression's place: after `type`, or where a library function takes one.
    Type(Box<Type>),
    /// What the parser could not read; an error was reported for it.
    Error,
}

/// A piece of a string.
#[derive(Debug, Clone, PartialEq)]
pub enum StrPart {
    /// Text.
    Text(String),
    /// `${expr}`.
    Interpolation(Expr),
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq)]
pub enum ListItem {
    /// A value.
    Value(Expr),
    /// `...list`.
    Spread(Expr),
}

/// An item of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordItem {
    /// `a.b."c" = value`; a name alone is `name = name`.
    Field {
        path: Vec<Key>,
        value: Expr,
        doc: Option<String>,
    },
    /// `...record`.
    Spread(Expr),
}

/// A key of a record: known, or computed.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// `a` or `"a b"` without interpolation.
    Name(Name),
    /// `"${expr}"` or `.[expr]`.
    Computed(Box<Expr>),
}

/// `for k, v in source if condition`.
#[derive(Debug, Clone, PartialEq)]
pub struct ForClause {
    /// One name over a list; two names (key, value) over a record, or (index, item) over a list.
    pub names: Vec<Name>,
    /// What is walked.
    pub source: Expr,
    /// What is kept.
    pub condition: Option<Expr>,
}

/// A parameter of a lambda.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// What the argument is bound to.
    pub pattern: Pattern,
    /// Its type, where it was written: `(x: Int) => …`.
    pub ty: Option<Type>,
    /// Its default, where it has one.
    pub default: Option<Expr>,
}

/// What an argument is bound to.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// `x`.
    Name(Name),
    /// `{ a, b = 1, .. } as all`.
    Record {
        fields: Vec<(Name, Option<Expr>)>,
        open: bool,
        whole: Option<Name>,
        span: Span,
    },
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// `name = value`.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// Unary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `not`.
    Not,
    /// `-`.
    Negate,
}

/// Binary operators, loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `|>`: the left side becomes the first argument of the call on the right.
    Pipe,
    /// `??`.
    Default,
    /// `or`.
    Or,
    /// `and`.
    And,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `++`.
    Concat,
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`.
    Remainder,
}

/// What a definition's value is wrapped in. Source: language.md, "Modules", rules 2 and 3.
#[derive(Debug, Clone, PartialEq)]
pub enum Annotation {
    /// `force`: priority 50.
    Force,
    /// `default`: priority 1000.
    Default,
    /// `priority(n)`.
    Priority(i64),
    /// `before`: placed before unannotated items (order 500).
    Before,
    /// `after`: placed after unannotated items (order 1500).
    After,
    /// `order(n)`; unannotated items have order 1000.
    Order(i64),
    /// `remove [..]`: takes these items out of what others defined.
    Remove,
}

/// A type expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Type {
    /// What it is.
    pub kind: TypeKind,
    /// The whole type.
    pub span: Span,
}

/// The kinds of type expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeKind {
    /// `Bool`, `Port`, a user's own: resolved later.
    Name(Symbol),
    /// `List(T)`, `Map(T)`.
    Apply { name: Name, args: Vec<Type> },
    /// `"tcp"`, `0`, `true`, `null`.
    Literal(Box<Expr>),
    /// `A | B`.
    Union(Vec<Type>),
    /// `T?`.
    Nullable(Box<Type>),
    /// `{ a: T = default, b: U, .. }`.
    Record { fields: Vec<TypeField>, open: bool },
    /// `T where (x => …)`.
    Where {
        base: Box<Type>,
        predicate: Box<Expr>,
    },
    /// What the parser could not read; an error was reported for it.
    Error,
}

/// A field of a record type.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeField {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Type,
    /// Its default, evaluated with `self` and `name` in scope.
    pub default: Option<Expr>,
    /// The `##` lines before it.
    pub doc: Option<String>,
}
