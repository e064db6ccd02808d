//! The state of one evaluation, and the door to it for other crates.
//!
//! In: sources, names and a host; then ASTs to resolve and values to force. Out: values and errors.
//! Refuses to know options: whatever is computed outside comes in through [`Externals`].

use std::collections::HashMap;
use std::rc::Rc;

use cairn_syntax::ast;
use cairn_syntax::span::{SourceMap, Span};
use cairn_syntax::symbol::{Interner, Symbol};
use cairn_syntax::{Diagnostic, Label};

use crate::arena::Arena;
use crate::depth;
use crate::host::{ContextId, Host};
use crate::ir::Kind;
use crate::limits::{Meter, is_of_limits};
use crate::scope::{Scope, ScopeId};
use crate::types::{Around, Blame, DefaultCode, Type};
use crate::value::{Field, List, Origin, Pending, Place, Record, State, Text, Thunk, Value};

/// An error of evaluation.
pub type Error = Box<Diagnostic>;

/// What evaluation gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Values that are computed outside this crate: the options of a configuration.
pub trait Externals<'a> {
    /// Computes the value behind an id; called at most once for each thunk. Needing the same
    /// thunk again meanwhile is a cycle, and reported as one.
    fn force(&self, evaluator: &mut Evaluator<'a>, id: u32) -> Result<Value<'a>>;

    /// How the value behind an id is shown as an edge of a cycle: its name, and where it is defined.
    fn label(&self, evaluator: &Evaluator<'a>, id: u32) -> Option<Label>;
}

/// One evaluation.
pub struct Evaluator<'a> {
    /// Where everything lives.
    pub arena: &'a Arena,
    /// All texts loaded so far.
    pub sources: SourceMap,
    /// All names so far.
    pub names: Interner,
    pub(crate) host: Box<dyn Host + 'a>,
    externals: Option<Rc<dyn Externals<'a> + 'a>>,
    pub(crate) scopes: Vec<Scope<'a>>,
    pub(crate) prelude: ScopeId,
    pub(crate) imports: HashMap<String, Value<'a>>,
    pub(crate) resolving: crate::resolve::Scratch<'a>,
    pub(crate) static_errors: Vec<Diagnostic>,
    pub(crate) failures: Vec<Diagnostic>,
    places: Vec<Place>,
    /// The frames of running code, one after the other.
    pub(crate) stack: Vec<Value<'a>>,
    pub(crate) edges: Vec<Edge<'a>>,
    pub(crate) floor: usize,
    /// The lowest address that nested plain data may reach.
    pub(crate) data_floor: usize,
    pub(crate) meter: Meter,
    /// The strings that are being put together, the inner ones after the outer ones.
    pub(crate) texts: String,
    /// No fields, kept for their memory.
    pub(crate) merged: Vec<Field<'a>>,
}

/// How an edge of a cycle is shown; worked out only when there is a cycle.
#[derive(Clone)]
pub(crate) enum EdgeLabel {
    None,
    External(u32),
    Given(Box<Label>),
}

/// Something that is being computed, for the report of cycles.
#[derive(Clone)]
pub(crate) struct Edge<'a> {
    pub(crate) thunk: Option<&'a Thunk<'a>>,
    pub(crate) reader: Span,
    pub(crate) label: EdgeLabel,
}

impl<'a> Evaluator<'a> {
    /// An evaluation that has seen nothing yet.
    pub fn new(
        arena: &'a Arena,
        sources: SourceMap,
        names: Interner,
        host: Box<dyn Host + 'a>,
    ) -> Self {
        // The stack is memory too: it may be half of what there is.
        let floor = depth::floor(arena.limits().memory_bytes / 2);
        let mut evaluator = Self {
            arena,
            sources,
            names,
            host,
            externals: None,
            scopes: Vec::new(),
            prelude: ScopeId::BUILTINS,
            imports: HashMap::new(),
            resolving: crate::resolve::Scratch::default(),
            static_errors: Vec::new(),
            failures: Vec::new(),
            places: Vec::new(),
            stack: Vec::new(),
            edges: Vec::new(),
            floor,
            data_floor: floor + depth::here().saturating_sub(floor) / 2,
            meter: Meter::new(arena.limits(), arena.stop()),
            texts: String::new(),
            merged: Vec::new(),
        };
        let builtins = crate::library::builtins(&mut evaluator);
        evaluator.scopes.push(builtins);
        evaluator
    }

    /// Registers who computes external thunks; replaces who did before.
    pub fn set_externals(&mut self, externals: Rc<dyn Externals<'a> + 'a>) {
        self.externals = Some(externals);
    }

    /// Makes a scope the one that imported expression files and `-e` see: the library's types.
    pub fn set_prelude(&mut self, scope: ScopeId) {
        self.prelude = scope;
    }

    /// The scope that imported expression files and `-e` see; [`ScopeId::BUILTINS`] at first.
    pub fn prelude(&self) -> ScopeId {
        self.prelude
    }

    /// A scope with the `let`s and `type`s of a module, mutually recursive, and with given variables
    /// (`config` …). Mistakes go to [`Self::take_errors`].
    pub fn module_scope(
        &mut self,
        module: &ast::Module,
        parent: ScopeId,
        bindings: &[(Symbol, Value<'a>)],
    ) -> ScopeId {
        crate::resolve::module_scope(self, module, parent, bindings)
    }

    /// A scope with given variables.
    pub fn child_scope(&mut self, parent: ScopeId, bindings: &[(Symbol, Value<'a>)]) -> ScopeId {
        let mut scope = Scope::below(parent);
        for (name, value) in bindings {
            scope.bind(*name, *value, None);
        }
        self.add_scope(scope)
    }

    pub(crate) fn add_scope(&mut self, scope: Scope<'a>) -> ScopeId {
        self.scopes.push(scope);
        ScopeId(self.scopes.len() as u32 - 1)
    }

    /// Resolves an expression in a scope; the value is computed when it is forced. Mistakes go to
    /// [`Self::take_errors`], and forcing such a value gives the same error.
    pub fn thunk(&mut self, scope: ScopeId, expr: &ast::Expr) -> Value<'a> {
        crate::resolve::thunk(self, scope, expr)
    }

    /// Resolves a type in a scope. Mistakes go to [`Self::take_errors`].
    pub fn compile_type(&mut self, scope: ScopeId, ty: &ast::Type) -> &'a Type<'a> {
        crate::resolve::compile_type(self, scope, ty)
    }

    /// Resolves a default, with `self` and `name` left open for [`Self::default_in`].
    pub fn compile_default(&mut self, scope: ScopeId, expr: &ast::Expr) -> DefaultCode<'a> {
        crate::resolve::compile_default(self, scope, expr)
    }

    /// The named type that a name stands for in a scope.
    pub fn named_type(&self, scope: ScopeId, name: Symbol) -> Option<&'a Type<'a>> {
        self.find_type(scope, name)
    }

    /// The mistakes found by resolving since the last call, in the order in which they were found.
    pub fn take_errors(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.static_errors)
    }

    /// A thunk that the registered [`Externals`] compute. Make one for each id and keep it.
    pub fn external(&self, id: u32) -> Value<'a> {
        Value::Thunk(self.arena.alloc(Thunk::external(id)))
    }

    /// What the defaults of a record see: the instance (`self`), and the key of the map (`name`) that it stands under.
    pub fn around(&mut self, instance: Value<'a>, key: Option<Symbol>) -> Around<'a> {
        let captures = key.map(|key| {
            let name = self.symbol_string(key);
            self.arena.slice(&[instance, name])
        });
        Around { captures, instance }
    }

    /// The default of a field.
    pub fn default_in(&mut self, default: DefaultCode<'a>, around: &Around<'a>) -> Value<'a> {
        if let Kind::Constant(value) = default.code.body.kind {
            return value;
        }
        let captures = around.captures.unwrap_or_else(|| {
            let name = self.suspend(State::NoKey(default.span));
            self.arena.slice(&[around.instance, name])
        });
        self.suspend(State::Suspended(default.code, captures))
    }

    /// A value that is checked against a type when it is needed; no thunk where it is clear at once.
    pub fn checked(&mut self, value: Value<'a>, ty: &'a Type<'a>, blame: Blame<'a>) -> Value<'a> {
        if crate::check::fits_at_once(value, ty) {
            return value;
        }
        let pending = self.arena.alloc(Pending { value, ty, blame });
        self.suspend(State::Check(pending))
    }

    /// A thunk that only gives an error.
    pub fn failure(&mut self, error: Diagnostic) -> Value<'a> {
        let index = self.remember(error);
        self.suspend(State::Failed(index))
    }

    /// Keeps an error for whoever needs the same value again. All that fail with one error, one after the
    /// other, share it.
    pub(crate) fn remember(&mut self, error: Diagnostic) -> u32 {
        if self.failures.last() != Some(&error) {
            self.failures.push(error);
        }
        self.failures.len() as u32 - 1
    }

    /// How the edges of a cycle are shown.
    pub(crate) fn edge_label(&self, edge: &Edge<'a>) -> Option<Label> {
        match &edge.label {
            EdgeLabel::None => None,
            EdgeLabel::External(id) => self
                .externals
                .clone()
                .and_then(|externals| externals.label(self, *id)),
            EdgeLabel::Given(label) => Some((**label).clone()),
        }
    }

    pub(crate) fn suspend(&self, state: State<'a>) -> Value<'a> {
        Value::Thunk(self.arena.alloc(Thunk::new(state)))
    }

    /// Computes a value far enough to see what it is; never gives a thunk.
    ///
    /// `reader` is the expression that needs it.
    #[inline]
    pub fn force(&mut self, value: Value<'a>, reader: Span) -> Result<Value<'a>> {
        match value {
            Value::Thunk(thunk) => match thunk.state.get() {
                State::Done(value) => Ok(value),
                state => self.run(thunk, state, reader),
            },
            value => Ok(value),
        }
    }

    fn run(&mut self, thunk: &'a Thunk<'a>, state: State<'a>, reader: Span) -> Result<Value<'a>> {
        match state {
            State::Done(value) => return Ok(value),
            State::Failed(index) => return Err(Box::new(self.failures[index as usize].clone())),
            State::Running | State::Blank => return Err(self.cycle(thunk, reader)),
            _ => {}
        }
        self.guard(reader)?;
        let label = match state {
            State::External(id) => EdgeLabel::External(id),
            _ => EdgeLabel::None,
        };
        thunk.state.set(State::Running);
        self.edges.push(Edge {
            thunk: Some(thunk),
            reader,
            label,
        });
        let result = self.compute(state, reader);
        self.edges.pop();
        match result {
            Ok(value) => thunk.state.set(State::Done(value)),
            Err(ref error) if is_of_limits(error) => thunk.state.set(state),
            Err(ref error) => {
                let index = self.remember((**error).clone());
                thunk.state.set(State::Failed(index));
            }
        }
        result
    }

    fn compute(&mut self, state: State<'a>, reader: Span) -> Result<Value<'a>> {
        let value = match state {
            State::Suspended(code, captures) => self.enter(code, captures)?,
            State::Check(pending) => self.check(pending.value, pending.ty, pending.blame)?,
            State::Apply(application) => {
                self.call(application.callee, application.arguments, application.span)?
            }
            State::Map(mapping, item) => self.call_one(mapping, &[*item])?,
            State::MapField(mapping, field) => {
                let key = self.symbol_string(field.name);
                self.call_one(mapping, &[key, field.value])?
            }
            State::Import(import) => self.import(import.path, import.span)?,
            State::NoKey(span) => {
                return Err(Box::new(Diagnostic::error(
                    "eval::no_key",
                    span,
                    "`name` is known only where the record stands in a `Map`",
                )));
            }
            State::External(id) => match self.externals.clone() {
                Some(externals) => externals.force(self, id)?,
                None => {
                    return Err(Box::new(Diagnostic::error(
                        "eval::no_options",
                        reader,
                        "there is no configuration here",
                    )));
                }
            },
            State::Done(value) => value,
            State::Blank | State::Running | State::Failed(_) => Value::Null,
        };
        self.force(value, reader)
    }

    /// The expression that needs what is being computed now; for [`Externals`] that report who asked.
    pub fn reader(&self) -> Option<Span> {
        self.edges.last().map(|edge| edge.reader)
    }

    /// Does something that shows as an edge of its own if a cycle runs through it.
    pub fn with_edge<T>(
        &mut self,
        label: Label,
        act: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.edges.push(Edge {
            thunk: None,
            reader: label.span,
            label: EdgeLabel::Given(Box::new(label)),
        });
        let result = act(self);
        self.edges.pop();
        result
    }

    /// A place's origin, for fields and items that are made outside.
    pub fn origin(&mut self, place: Place) -> Origin {
        self.places.push(place);
        Origin(self.places.len() as u32)
    }

    /// Where a field or item was written.
    pub fn place(&self, origin: Origin) -> Option<Place> {
        let index = (origin.0 as usize).checked_sub(1)?;
        self.places.get(index).copied()
    }

    /// The span of a value's expression, or another where nobody knows.
    pub fn value_span(&self, origin: Origin, otherwise: Span) -> Span {
        self.place(origin).map_or(otherwise, |place| place.value)
    }

    /// A record of fields in any order; of fields with the same name the last one stays.
    pub fn record(&self, mut fields: Vec<Field<'a>>) -> Value<'a> {
        fields.sort_by_key(|field| field.name);
        let mut unique: Vec<Field<'a>> = Vec::with_capacity(fields.len());
        for field in fields {
            match unique.last_mut() {
                Some(last) if last.name == field.name => *last = field,
                _ => unique.push(field),
            }
        }
        self.sorted_record(&unique)
    }

    pub(crate) fn sorted_record(&self, fields: &[Field<'a>]) -> Value<'a> {
        self.record_in_order(fields.iter().copied())
    }

    /// A record of fields that are sorted by name, each name once.
    pub fn record_in_order<I>(&self, fields: I) -> Value<'a>
    where
        I: IntoIterator<Item = Field<'a>>,
        I::IntoIter: ExactSizeIterator,
    {
        Value::Record(self.arena.alloc(Record {
            fields: self.arena.collect(fields),
        }))
    }

    /// A list; `origins` is as long as `items`, or empty.
    pub fn list(&self, items: &[Value<'a>], origins: &[Origin]) -> Value<'a> {
        Value::List(self.arena.alloc(List {
            items: self.arena.slice(items),
            origins: self.arena.slice(origins),
        }))
    }

    /// A list of what lies in the arena already.
    pub(crate) fn list_of(&self, items: &'a [Value<'a>], origins: &'a [Origin]) -> Value<'a> {
        Value::List(self.arena.alloc(List { items, origins }))
    }

    /// A record of sorted fields that lie in the arena already.
    pub(crate) fn record_of(&self, fields: &'a [Field<'a>]) -> Value<'a> {
        Value::Record(self.arena.alloc(Record { fields }))
    }

    /// A string without context.
    pub fn string(&self, text: &str) -> Value<'a> {
        self.string_with(text, &[])
    }

    /// A string that depends on host ids: sorted, without repeats.
    pub fn string_with(&self, text: &str, context: &[ContextId]) -> Value<'a> {
        Value::Str(self.arena.alloc(Text {
            text: self.arena.text(text),
            context: self.arena.slice(context),
        }))
    }

    pub(crate) fn symbol_string(&self, name: Symbol) -> Value<'a> {
        self.string(self.names.text(name))
    }

    /// Evaluates a text as an expression that sees the prelude: `cairn eval -e`.
    pub fn evaluate_source(
        &mut self,
        name: &str,
        text: &str,
    ) -> Result<Value<'a>, Vec<Diagnostic>> {
        self.evaluate_in(self.prelude, name, text)
            .map(|(value, _)| value)
    }

    /// Evaluates a text as an expression that sees a scope, such as a module's; gives its span too.
    pub fn evaluate_in(
        &mut self,
        scope: ScopeId,
        name: &str,
        text: &str,
    ) -> Result<(Value<'a>, Span), Vec<Diagnostic>> {
        let source = self.sources.add(name, text);
        let parsed = cairn_syntax::parse_expression(&self.sources, source, &mut self.names);
        if !parsed.errors.is_empty() {
            return Err(parsed.errors);
        }
        let before = self.static_errors.len();
        let value = self.thunk(scope, &parsed.tree);
        let errors = self.static_errors.split_off(before);
        if errors.is_empty() {
            Ok((value, parsed.tree.span))
        } else {
            Err(errors)
        }
    }
}

#[cold]
pub(crate) fn too_deep(span: Span) -> Error {
    Box::new(
        Diagnostic::error("eval::too_deep", span, "this recursion is too deep")
            .help("check that the function reaches an end; walk lists with `list.fold` or a comprehension"),
    )
}
