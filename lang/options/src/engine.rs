//! The points of a configuration, each computed when it is needed.
//!
//! In: the trie and the definitions. Out: the value of each point, by way of [`Externals`]. A point is a
//! group, an option, or a field or key below an option; it knows its parent, and asks it for what others
//! wrote further up (`services = { nginx.enable = true }`). So reading one option forces only the
//! definitions at it and above it, and only their conditions.

use std::cell::{Cell, OnceCell, RefCell};

use cairn_eval::{Arena, Error, Evaluator, Externals, Field, Origin, Result, Thunk, Type, Value};
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;
use cairn_syntax::{Diagnostic, Label};

use crate::collect::Condition;
use crate::point::{Assignment, Contribution, Opened, Parts, Peeled, Place, Point, Typed};
use crate::report;
use crate::tree::{Form, Group, Node, shape};

/// The number of the point that is the whole configuration.
pub(crate) const ROOT: u32 = 0;
/// How deep points may lie: a record type that holds itself without `?` would go on for ever.
const DEEPEST: u32 = 64;

/// All points of one configuration.
pub(crate) struct Engine<'a> {
    conditions: Vec<Condition<'a>>,
    points: RefCell<Vec<&'a Point<'a>>>,
    /// What is wrong but did not stop a value from being computed.
    pub(crate) found: RefCell<Vec<Diagnostic>>,
    /// The type of what lies below `Any`.
    pub(crate) anything: &'a Type<'a>,
    /// No contributions, kept for their memory.
    scratch: Cell<Vec<Contribution<'a>>>,
    /// No records that were opened, kept for their memory.
    opened: Cell<Vec<Opened<'a>>>,
    /// No definitions that entered a contest, kept for their memory.
    pub(crate) entered: Cell<Vec<Peeled<'a>>>,
}

impl<'a> Engine<'a> {
    /// An engine whose root is `root`, the external thunk [`ROOT`] that modules know as `config`.
    pub(crate) fn new(
        arena: &'a Arena,
        tree: &'a Group<'a>,
        assignments: &'a [Assignment<'a>],
        conditions: Vec<Condition<'a>>,
        (nameless, root): (Symbol, Value<'a>),
        anything: &'a Type<'a>,
    ) -> Self {
        let all = assignments
            .iter()
            .map(|assignment| Contribution::Path(assignment, 0));
        let mut point = Point::new(nameless, None, None, Place::Group(tree), root);
        point.gathered = OnceCell::from(arena.collect(all));
        let point = arena.alloc(point);
        Self {
            conditions,
            points: RefCell::new(vec![point]),
            found: RefCell::default(),
            anything,
            scratch: Cell::default(),
            opened: Cell::default(),
            entered: Cell::default(),
        }
    }

    /// The point behind an external thunk.
    pub(crate) fn point(&self, id: u32) -> &'a Point<'a> {
        self.points.borrow()[id as usize]
    }

    /// The record of the points that a point consists of; the same ones each time. `below` is sorted by name, and no name comes twice.
    pub(crate) fn record_of<I>(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &'a Point<'a>,
        below: I,
    ) -> Value<'a>
    where
        I: IntoIterator<Item = (Symbol, Place<'a>, Option<Symbol>)>,
        I::IntoIter: ExactSizeIterator,
    {
        let children = point.inner(evaluator.arena).children.get_or_init(|| {
            let mut points = self.points.borrow_mut();
            let below = below.into_iter();
            let arena = evaluator.arena;
            let ids = points.len()..points.len() + below.len();
            let thunks = arena.collect(ids.map(|id| Thunk::external(id as u32)));
            let made = below.zip(thunks).map(|((name, place, key), thunk)| {
                Point::new(name, Some(point), key, place, Value::Thunk(thunk))
            });
            let made = arena.collect(made);
            points.extend(made);
            made
        });
        evaluator.record_in_order(children.iter().map(|child| Field {
            name: child.name,
            origin: Origin::NONE,
            value: child.value,
        }))
    }

    /// Everything that was written of a point, its default last; conditions are still open.
    #[inline]
    pub(crate) fn gather(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &'a Point<'a>,
    ) -> Result<&'a [Contribution<'a>]> {
        match point.gathered.get() {
            Some(known) => Ok(known),
            None => self.gather_first(evaluator, point),
        }
    }

    fn gather_first(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &'a Point<'a>,
    ) -> Result<&'a [Contribution<'a>]> {
        let Some(parent) = point.parent else {
            return Ok(&[]);
        };
        // In this order: what these compute may gather for other points.
        let parts = self.parts(evaluator, parent)?;
        let opened = match parts.whole {
            [] => &[],
            _ => self.opened(evaluator, parent)?,
        };
        let under = parts.under(point.name);
        let default = point.place.default();
        if opened.is_empty() && default.is_none() {
            // What is shared takes no memory.
            return Ok(point.gathered.get_or_init(|| under));
        }
        let mut all = self.scratch.take();
        all.clear();
        all.extend_from_slice(under);
        inherited(opened, point.name, &mut all);
        // A default of the record around it stands before the field's own.
        if !all.iter().any(Contribution::is_declared) {
            all.extend(default);
        }
        let gathered = point.gathered.get_or_init(|| evaluator.arena.slice(&all));
        self.scratch.set(all);
        Ok(gathered)
    }

    /// A point's contributions, sorted by whether they go on below it.
    pub(crate) fn parts(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &'a Point<'a>,
    ) -> Result<Parts<'a>> {
        if let Some(known) = point.known().and_then(|inner| inner.parts.get()) {
            return Ok(*known);
        }
        let all = self.gather(evaluator, point)?;
        if let Some(parts) = Parts::all_whole(all) {
            return Ok(parts);
        }
        let arena = evaluator.arena;
        let parts = &point.inner(arena).parts;
        Ok(*parts.get_or_init(|| Parts::of(arena, all)))
    }

    /// The records that were written for a point as a whole and count, and what takes keys out of it.
    #[inline]
    pub(crate) fn opened(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &'a Point<'a>,
    ) -> Result<&'a [Opened<'a>]> {
        match point.known().and_then(|inner| inner.opened.get()) {
            Some(known) => Ok(known),
            None => self.open_all(evaluator, point),
        }
    }

    fn open_all(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &'a Point<'a>,
    ) -> Result<&'a [Opened<'a>]> {
        let parts = self.parts(evaluator, point)?;
        let mut opened = self.opened.take();
        opened.clear();
        let mut errors: Vec<Error> = Vec::new();
        let is_map = match point.place.ty() {
            Some(ty) => matches!(shape(evaluator, ty).form, Form::Map(_)),
            None => false,
        };
        // A map's default stands only where nothing else was said.
        let mut others = false;
        if is_map {
            for contribution in parts.below {
                others |= self.active(evaluator, contribution.condition())?;
            }
        }
        for contribution in parts.whole {
            if is_map && contribution.is_declared() && (others || !opened.is_empty()) {
                continue;
            }
            match self.open(evaluator, point, contribution) {
                Ok(Some(one)) => opened.push(one),
                Ok(None) => {}
                Err(error) => errors.push(error),
            }
        }
        let mut errors = errors.into_iter();
        if let Some(first) = errors.next() {
            self.found.borrow_mut().extend(errors.map(|error| *error));
            return Err(first);
        }
        let arena = evaluator.arena;
        let known = &point.inner(arena).opened;
        let known = known.get_or_init(|| arena.slice(&opened));
        self.opened.set(opened);
        Ok(known)
    }

    fn open(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &Point<'a>,
        from: &Contribution<'a>,
    ) -> Result<Option<Opened<'a>>> {
        if !self.active(evaluator, from.condition())? {
            return Ok(None);
        }
        let peeled = from.peel(evaluator)?;
        let opened = |record| {
            Ok(Some(Opened {
                record,
                position: from.position(),
                peeled,
            }))
        };
        if let (Value::Record(record), false) = (peeled.value, peeled.remove) {
            return opened(Some(record));
        }
        let (ty, declared) = match point.place {
            Place::Typed(typed) => (typed.ty(), typed.declared()),
            Place::Group(group) => {
                let names = group.names().map(|name| evaluator.names.text(name));
                let names: Vec<&str> = names.collect();
                let path = point.print(evaluator);
                return Err(report::group(peeled.span, &path, &names));
            }
        };
        let shape = shape(evaluator, ty);
        match peeled.value {
            Value::List(_) if peeled.remove && matches!(shape.form, Form::Record(_)) => {
                Err(report::not_removable(peeled.span, declared))
            }
            Value::List(_) if peeled.remove => opened(None),
            Value::Null if shape.nullable => Ok(None),
            _ => {
                let blame = point.blame(evaluator, peeled.span, declared);
                evaluator.check(peeled.value, ty, blame).map(|_| None)
            }
        }
    }

    /// Whether a definition counts: all conditions around it hold, the outer ones asked first.
    pub(crate) fn active(
        &self,
        evaluator: &mut Evaluator<'a>,
        condition: Option<u32>,
    ) -> Result<bool> {
        let Some(condition) = condition.map(|index| &self.conditions[index as usize]) else {
            return Ok(true);
        };
        if !self.active(evaluator, condition.outer)? {
            return Ok(false);
        }
        let (value, span) = (condition.value, condition.span);
        if let Value::Thunk(thunk) = value
            && let Some(Value::Bool(holds)) = thunk.done()
        {
            return Ok(holds);
        }
        let label = Label {
            span,
            text: "this `when` decides whether a definition counts".into(),
        };
        match evaluator.with_edge(label, |evaluator| evaluator.force(value, span))? {
            Value::Bool(holds) => Ok(holds),
            other => {
                let shown = evaluator.show(other);
                Err(Box::new(
                    Diagnostic::error(
                        "options::when_type",
                        span,
                        "the condition of a `when` must be true or false",
                    )
                    .label(format!("this is {shown}")),
                ))
            }
        }
    }

    /// Where the record or map that holds a point was defined.
    pub(crate) fn holder(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &Point<'a>,
    ) -> Option<(Span, String)> {
        let parent = point.parent?;
        parent.place.ty()?;
        let all = self.gather(evaluator, parent).ok()?;
        let first = all
            .iter()
            .find(|contribution| !contribution.is_declared())?;
        Some((first.key(evaluator), parent.print(evaluator)))
    }
}

/// Adds what records around a point say of it to what paths said; all in stable order.
fn inherited<'a>(opened: &'a [Opened<'a>], name: Symbol, all: &mut Vec<Contribution<'a>>) {
    let below = all.len();
    for opened in opened {
        if let Some(field) = opened.record.and_then(|record| record.get(name)) {
            all.push(Contribution::Field(field, opened));
        }
    }
    // Each of the two is in order by itself.
    if below > 0 && below < all.len() {
        all.sort_by_key(Contribution::position);
    }
}

impl<'a> Externals<'a> for Engine<'a> {
    fn force(&self, evaluator: &mut Evaluator<'a>, id: u32) -> Result<Value<'a>> {
        let point = self.point(id);
        if point.depth > DEEPEST {
            let span =
                point
                    .home(evaluator)
                    .unwrap_or(Span::new(cairn_syntax::span::SourceId(0), 0, 0));
            return Err(Box::new(
                Diagnostic::error(
                    "options::endless",
                    span,
                    "this record type holds itself without end",
                )
                .help("write `T? = null` for the field that holds it again"),
            ));
        }
        match &point.place {
            Place::Group(group) => {
                let below = group.children.iter().map(|(name, node)| {
                    let place = match node {
                        Node::Group(group) => Place::Group(group),
                        Node::Option(declared) => Place::Typed(Typed::Option(declared)),
                    };
                    (*name, place, None)
                });
                Ok(self.record_of(evaluator, point, below))
            }
            Place::Typed(typed) => self.merge(evaluator, point, typed.ty(), typed.declared()),
        }
    }

    fn label(&self, evaluator: &Evaluator<'a>, id: u32) -> Option<Label> {
        let point = self.point(id);
        let span = point.home(evaluator)?;
        Some(Label {
            span,
            text: format!("`{}`", point.print(evaluator)),
        })
    }
}
