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
use crate::point::{Assignment, Contribution, DECLARED, Opened, Parts, Peeled, Place, Point};
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
        let all = arena.collect(assignments.iter().map(Contribution::new));
        let point = arena.alloc(Point {
            name: nameless,
            parent: None,
            depth: 0,
            key: None,
            place: Place::Group(tree),
            value: root,
            children: OnceCell::new(),
            gathered: OnceCell::from(all),
            parts: OnceCell::new(),
            opened: OnceCell::new(),
        });
        Self {
            conditions,
            points: RefCell::new(vec![point]),
            found: RefCell::default(),
            anything,
            scratch: Cell::default(),
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
        let children = point.children.get_or_init(|| {
            let mut points = self.points.borrow_mut();
            let below = below.into_iter();
            let arena = evaluator.arena;
            let ids = points.len()..points.len() + below.len();
            let thunks = arena.collect(ids.map(|id| Thunk::external(id as u32)));
            let made = below.zip(thunks).map(|((name, place, key), thunk)| Point {
                name,
                parent: Some(point),
                depth: point.depth + 1,
                key,
                place,
                value: Value::Thunk(thunk),
                children: OnceCell::new(),
                gathered: OnceCell::new(),
                parts: OnceCell::new(),
                opened: OnceCell::new(),
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
    pub(crate) fn gather(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &'a Point<'a>,
    ) -> Result<&'a [Contribution<'a>]> {
        if let Some(known) = point.gathered.get() {
            return Ok(known);
        }
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
        let default = match point.place {
            Place::Typed { default, .. } => default,
            Place::Group(_) => None,
        };
        if opened.is_empty() && default.is_none() {
            // What is shared takes no memory.
            return Ok(point.gathered.get_or_init(|| under));
        }
        let mut all = self.scratch.take();
        all.clear();
        all.extend_from_slice(under);
        inherited(evaluator, opened, point.name, &mut all);
        // A default of the record around it stands before the field's own.
        if let Some((value, span)) = default
            && !all.iter().any(Contribution::is_declared)
        {
            all.push(Contribution::new(evaluator.arena.alloc(Assignment {
                value,
                span,
                key: span,
                path: &[],
                condition: None,
                priority: Some(DECLARED),
                order: None,
                position: u32::MAX,
            })));
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
        if let Some(known) = point.parts.get() {
            return Ok(*known);
        }
        let all = self.gather(evaluator, point)?;
        Ok(*point.parts.get_or_init(|| Parts::of(evaluator.arena, all)))
    }

    /// The records that were written for a point as a whole and count, and what takes keys out of it.
    pub(crate) fn opened(
        &self,
        evaluator: &mut Evaluator<'a>,
        point: &'a Point<'a>,
    ) -> Result<&'a [Opened<'a>]> {
        if let Some(known) = point.opened.get() {
            return Ok(known);
        }
        let parts = self.parts(evaluator, point)?;
        let mut opened = Vec::with_capacity(parts.whole.len());
        let mut errors: Vec<Error> = Vec::new();
        let is_map = match &point.place {
            Place::Typed { ty, .. } => matches!(shape(evaluator, ty).form, Form::Map(_)),
            Place::Group(_) => false,
        };
        // A map's default stands only where nothing else was said.
        let mut others = false;
        if is_map {
            for contribution in parts.below {
                others |= self.active(evaluator, contribution.from.condition)?;
            }
        }
        for contribution in parts.whole {
            if is_map && contribution.is_declared() && (others || !opened.is_empty()) {
                continue;
            }
            match self.open(evaluator, point, contribution.from) {
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
        from: &'a Assignment<'a>,
    ) -> Result<Option<Opened<'a>>> {
        if !self.active(evaluator, from.condition)? {
            return Ok(None);
        }
        let peeled = from.peel(evaluator)?;
        match (&peeled.value, &point.place) {
            (Value::Record(record), _) if !peeled.remove => Ok(Some(Opened {
                record: Some(record),
                position: from.position,
                peeled,
            })),
            (Value::List(_), Place::Typed { ty, declared, .. })
                if peeled.remove && matches!(shape(evaluator, ty).form, Form::Record(_)) =>
            {
                Err(report::not_removable(peeled.span, *declared))
            }
            (Value::List(_), Place::Typed { .. }) if peeled.remove => Ok(Some(Opened {
                record: None,
                position: from.position,
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
        let parent = point.parent?;
        let Place::Typed { .. } = parent.place else {
            return None;
        };
        let all = self.gather(evaluator, parent).ok()?;
        let first = all
            .iter()
            .find(|contribution| !contribution.is_declared())?;
        Some((first.key(), parent.print(evaluator)))
    }
}

/// Adds what records around a point say of it to what paths said; all in stable order.
fn inherited<'a>(
    evaluator: &Evaluator<'a>,
    opened: &[Opened<'a>],
    name: Symbol,
    all: &mut Vec<Contribution<'a>>,
) {
    let below = all.len();
    for opened in opened {
        let Some(field) = opened.record.and_then(|record| record.get(name)) else {
            continue;
        };
        let place = evaluator.place(field.origin);
        all.push(Contribution::new(evaluator.arena.alloc(Assignment {
            value: field.value,
            span: place.map_or(opened.peeled.span, |place| place.value),
            key: place.map_or(opened.peeled.span, |place| place.key),
            path: &[],
            condition: None,
            priority: opened.peeled.priority,
            order: opened.peeled.order,
            position: opened.position,
        })));
    }
    // Each of the two is in order by itself.
    if below > 0 && below < all.len() {
        all.sort_by_key(|contribution| contribution.from.position);
    }
}

impl<'a> Externals<'a> for Engine<'a> {
    fn force(&self, evaluator: &mut Evaluator<'a>, id: u32) -> Result<Value<'a>> {
        let point = self.point(id);
        if point.depth > DEEPEST {
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
                Ok(self.record_of(evaluator, point, below))
            }
            Place::Typed { ty, declared, .. } => self.merge(evaluator, point, ty, *declared),
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
