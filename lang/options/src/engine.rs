//! The points of a configuration, each computed when it is needed.
//!
//! In: the trie and the definitions. Out: the value of each point, by way of [`Externals`]. A point is a
//! group, an option, or a field or key below an option; it knows its parent, and asks it for what others
//! wrote further up (`services = { nginx.enable = true }`). So reading one option forces only the
//! definitions at it and above it, and only their conditions.

use std::cell::{Cell, OnceCell, RefCell};

use cairn_eval::{Arena, Error, Evaluator, Externals, Field, Origin, Result, Type, Value};
use cairn_syntax::span::Span;
use cairn_syntax::symbol::Symbol;
use cairn_syntax::{Diagnostic, Label};

use crate::collect::Condition;
use crate::point::{Contribution, DECLARED, Opened, Parts, Place, Point, Trail};
use crate::report;
use crate::tree::{Form, Group, Node, shape};

/// The number of the point that is the whole configuration.
pub(crate) const ROOT: u32 = 0;
/// How deep points may lie: a record type that holds itself without `?` would go on for ever.
const DEEPEST: usize = 64;

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
}

impl<'a> Engine<'a> {
    /// An engine whose root is `root`, the external thunk [`ROOT`] that modules know as `config`.
    pub(crate) fn new(
        arena: &'a Arena,
        tree: &'a Group<'a>,
        definitions: Vec<Contribution<'a>>,
        conditions: Vec<Condition<'a>>,
        root: Value<'a>,
        anything: &'a Type<'a>,
    ) -> Self {
        let point = arena.alloc(Point {
            trail: None,
            place: Place::Group(tree),
            value: root,
            key: None,
            parent: None,
            children: OnceCell::new(),
            gathered: OnceCell::from(arena.slice(&definitions)),
            parts: OnceCell::new(),
            opened: OnceCell::new(),
        });
        Self {
            conditions,
            points: RefCell::new(vec![point]),
            found: RefCell::default(),
            anything,
            scratch: Cell::default(),
        }
    }

    /// A point by its number.
    pub(crate) fn point(&self, id: u32) -> &'a Point<'a> {
        self.points.borrow()[id as usize]
    }

    /// The points below a point, sorted by name; none before it was computed.
    pub(crate) fn children(&self, id: u32) -> &'a [(Symbol, u32)] {
        self.point(id).children.get().copied().unwrap_or_default()
    }

    /// The record of the points that a point consists of; the same ones each time. No name comes twice.
    pub(crate) fn record_of(
        &self,
        evaluator: &mut Evaluator<'a>,
        id: u32,
        below: impl IntoIterator<Item = (Symbol, Place<'a>, Option<Symbol>)>,
    ) -> Value<'a> {
        let point = self.point(id);
        let children = point.children.get_or_init(|| {
            let length = point.trail.map_or(0, |trail| trail.length) + 1;
            let mut points = self.points.borrow_mut();
            let made = below.into_iter().map(|(name, place, key)| {
                let child = points.len() as u32;
                let trail = evaluator.arena.alloc(Trail {
                    name,
                    above: point.trail,
                    length,
                });
                points.push(evaluator.arena.alloc(Point {
                    trail: Some(trail),
                    place,
                    value: evaluator.external(child),
                    key,
                    parent: Some(id),
                    children: OnceCell::new(),
                    gathered: OnceCell::new(),
                    parts: OnceCell::new(),
                    opened: OnceCell::new(),
                }));
                (name, child)
            });
            let mut made: Vec<(Symbol, u32)> = made.collect();
            made.sort_unstable();
            evaluator.arena.slice(&made)
        });
        let points = self.points.borrow();
        evaluator.record_in_order(children.iter().map(|(name, child)| Field {
            name: *name,
            origin: Origin::NONE,
            value: points[*child as usize].value,
        }))
    }

    /// Everything that was written of a point, its default last; conditions are still open.
    pub(crate) fn gather(
        &self,
        evaluator: &mut Evaluator<'a>,
        id: u32,
    ) -> Result<&'a [Contribution<'a>]> {
        let point = self.point(id);
        if let Some(known) = point.gathered.get() {
            return Ok(known);
        }
        // In this order: what these compute may gather for other points.
        let (parts, opened) = match point.parent {
            Some(parent) => {
                let parts = self.parts(evaluator, parent)?;
                let opened = match parts.whole {
                    [] => &[],
                    _ => self.opened(evaluator, parent)?,
                };
                (Some(parts), opened)
            }
            None => (None, &[][..]),
        };
        let mut all = self.scratch.take();
        all.clear();
        if let (Some(parts), Some(trail)) = (parts, point.trail) {
            inherited(evaluator, &parts, opened, trail.name, &mut all);
        }
        // A default of the record around it stands before the field's own.
        let around = all
            .iter()
            .any(|contribution| contribution.position == u32::MAX);
        if let Place::Typed {
            default: Some((value, span)),
            ..
        } = point.place
            && !around
        {
            all.push(Contribution {
                value,
                span,
                key: span,
                rest: &[],
                condition: None,
                priority: Some(DECLARED),
                order: None,
                position: u32::MAX,
            });
        }
        let gathered = point.gathered.get_or_init(|| evaluator.arena.slice(&all));
        self.scratch.set(all);
        Ok(gathered)
    }

    /// A point's contributions, sorted by whether they go on below it.
    pub(crate) fn parts(&self, evaluator: &mut Evaluator<'a>, id: u32) -> Result<Parts<'a>> {
        let point = self.point(id);
        if let Some(known) = point.parts.get() {
            return Ok(*known);
        }
        let all = self.gather(evaluator, id)?;
        let mut below: Vec<(Symbol, Contribution<'a>)> = Vec::new();
        for contribution in all {
            if let Some((name, rest)) = contribution.rest.split_first() {
                let inner = Contribution {
                    rest,
                    key: name.span,
                    ..*contribution
                };
                below.push((name.symbol, inner));
            }
        }
        below.sort_by_key(|(name, _)| *name);
        let whole = if below.is_empty() {
            // What is shared takes no memory.
            all
        } else {
            let whole = all.iter().filter(|one| one.rest.is_empty()).copied();
            let whole: Vec<Contribution<'a>> = whole.collect();
            evaluator.arena.slice(&whole)
        };
        let below = evaluator.arena.slice(&below);
        Ok(*point.parts.get_or_init(|| Parts { below, whole }))
    }

    /// The records that were written for a point as a whole and count, and what takes keys out of it.
    pub(crate) fn opened(
        &self,
        evaluator: &mut Evaluator<'a>,
        id: u32,
    ) -> Result<&'a [Opened<'a>]> {
        let point = self.point(id);
        if let Some(known) = point.opened.get() {
            return Ok(known);
        }
        let parts = self.parts(evaluator, id)?;
        let mut opened = Vec::new();
        let mut errors: Vec<Error> = Vec::new();
        let is_map = match &point.place {
            Place::Typed { ty, .. } => matches!(shape(evaluator, ty).form, Form::Map(_)),
            Place::Group(_) => false,
        };
        // A map's default stands only where nothing else was said.
        let mut others = false;
        if is_map {
            for (_, contribution) in parts.below {
                others |= self.active(evaluator, contribution.condition)?;
            }
        }
        for contribution in parts.whole {
            let declared = contribution.position == u32::MAX;
            if is_map && declared && (others || !opened.is_empty()) {
                continue;
            }
            match self.open(evaluator, point, *contribution) {
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
        Ok(point.opened.get_or_init(|| evaluator.arena.slice(&opened)))
    }

    fn open(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &Point<'a>,
        from: Contribution<'a>,
    ) -> Result<Option<Opened<'a>>> {
        if !self.active(evaluator, from.condition)? {
            return Ok(None);
        }
        let peeled = from.peel(evaluator)?;
        match (&peeled.value, &point.place) {
            (Value::Record(record), _) if !peeled.remove => Ok(Some(Opened {
                record: Some(record),
                from,
                peeled,
            })),
            (Value::List(_), Place::Typed { ty, declared, .. })
                if peeled.remove && matches!(shape(evaluator, ty).form, Form::Record(_)) =>
            {
                Err(report::not_removable(peeled.span, *declared))
            }
            (Value::List(_), Place::Typed { .. }) if peeled.remove => Ok(Some(Opened {
                record: None,
                from,
                peeled,
            })),
            (Value::Null, Place::Typed { ty, .. }) if shape(evaluator, ty).nullable => Ok(None),
            (_, Place::Typed { ty, declared, .. }) => {
                let what = point.print(evaluator);
                let blame = cairn_eval::Blame {
                    span: peeled.span,
                    declared: Some(*declared),
                    what: Some(evaluator.arena.text(&what)),
                    item: false,
                    key: point.key,
                };
                evaluator.check(peeled.value, ty, blame).map(|_| None)
            }
            (_, Place::Group(group)) => {
                let names = group.names().map(|name| evaluator.names.text(name));
                let names: Vec<&str> = names.collect();
                let path = point.print(evaluator);
                Err(report::group(peeled.span, &path, &names))
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
        let parent = self.point(point.parent?);
        let Place::Typed { .. } = parent.place else {
            return None;
        };
        let all = self.gather(evaluator, point.parent?).ok()?;
        let first = all
            .iter()
            .find(|contribution| contribution.position != u32::MAX)?;
        Some((first.key, parent.print(evaluator)))
    }
}

/// What was written of a point further up, in stable order.
fn inherited<'a>(
    evaluator: &Evaluator<'a>,
    parts: &Parts<'a>,
    opened: &[Opened<'a>],
    name: Symbol,
    all: &mut Vec<Contribution<'a>>,
) {
    all.extend(parts.under(name).copied());
    let below = all.len();
    for opened in opened {
        let Some(field) = opened.record.and_then(|record| record.get(name)) else {
            continue;
        };
        let place = evaluator.place(field.origin);
        all.push(Contribution {
            value: field.value,
            span: place.map_or(opened.peeled.span, |place| place.value),
            key: place.map_or(opened.peeled.span, |place| place.key),
            rest: &[],
            condition: None,
            priority: opened.peeled.priority,
            order: opened.peeled.order,
            position: opened.from.position,
        });
    }
    // Each of the two is in order by itself.
    if below > 0 && below < all.len() {
        all.sort_by_key(|contribution| contribution.position);
    }
}

impl<'a> Externals<'a> for Engine<'a> {
    fn force(&self, evaluator: &mut Evaluator<'a>, id: u32) -> Result<Value<'a>> {
        let point = self.point(id);
        if point.trail.is_some_and(|trail| trail.length > DEEPEST) {
            let span = point
                .home()
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
                        Node::Option(declared) => Place::Typed {
                            ty: declared.ty,
                            default: declared.default,
                            declared: declared.span,
                        },
                    };
                    (*name, place, None)
                });
                Ok(self.record_of(evaluator, id, below))
            }
            Place::Typed { ty, declared, .. } => self.merge(evaluator, id, ty, *declared),
        }
    }

    fn label(&self, evaluator: &Evaluator<'a>, id: u32) -> Option<Label> {
        let point = self.point(id);
        let span = point.home()?;
        Some(Label {
            span,
            text: format!("`{}`", point.print(evaluator)),
        })
    }
}
