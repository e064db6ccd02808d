//! `list.`: what orders, groups and sums up items.

use std::cmp::Ordering;

use cairn_syntax::Diagnostic;
use cairn_syntax::ast::BinaryOp;

use super::list::pick;
use super::{Arguments, Native, needed};
use crate::evaluator::{Evaluator, Result};
use crate::value::{Field, Place, Value};

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "list.sort",
        parameters: &[needed("list", "List(Any)")],
        gives: "List(Any)",
        doc: "The items, numbers or strings, in ascending order.",
        example: "list.sort([3, 1, 2])   # => [1,2,3]",
        run: sort,
    },
    Native {
        name: "list.sort_by",
        parameters: &[needed("list", "List(Any)"), needed("key", "Fn")],
        gives: "List(Any)",
        doc: "The items in ascending order of their keys; equal ones stay in order.",
        example: r#"list.sort_by(["ccc", "a", "bb"], string.length)   # => ["a","bb","ccc"]"#,
        run: sort_by,
    },
    Native {
        name: "list.unique",
        parameters: &[needed("list", "List(Any)")],
        gives: "List(Any)",
        doc: "The items without repeats; the first of equals stays.",
        example: "list.unique([1, 2, 1])   # => [1,2]",
        run: unique,
    },
    Native {
        name: "list.min",
        parameters: &[needed("list", "List(Any)")],
        gives: "Any",
        doc: "The smallest of its numbers or strings; an error if there is none.",
        example: "list.min([3, 1, 2])   # => 1",
        run: |evaluator, arguments| extreme(evaluator, arguments, Ordering::Less),
    },
    Native {
        name: "list.max",
        parameters: &[needed("list", "List(Any)")],
        gives: "Any",
        doc: "The largest of its numbers or strings; an error if there is none.",
        example: "list.max([3, 1, 2])   # => 3",
        run: |evaluator, arguments| extreme(evaluator, arguments, Ordering::Greater),
    },
    Native {
        name: "list.sum",
        parameters: &[needed("list", "List(Int | Float)")],
        gives: "Int | Float",
        doc: "Its numbers added up; 0 where there is none.",
        example: "list.sum([1, 2, 3])   # => 6",
        run: sum,
    },
    Native {
        name: "list.group_by",
        parameters: &[needed("list", "List(Any)"), needed("key", "Fn")],
        gives: "Map(List(Any))",
        doc: "A record of lists: the items under the strings that the function makes of them.",
        example: r#"list.group_by(["ant", "bee", "asp"], word => string.slice(word, 0, 1))   # => {"a":["ant","asp"],"b":["bee"]}"#,
        run: group_by,
    },
    Native {
        name: "list.partition",
        parameters: &[needed("list", "List(Any)"), needed("test", "Fn")],
        gives: "List(List(Any))",
        doc: "Two lists: the items for which the test is true, and the others.",
        example: "list.partition([1, 2, 3], x => x > 1)   # => [[2,3],[1]]",
        run: partition,
    },
];

/// The indices of keys in ascending order. Errors: the first that comparing met.
fn order<'a>(
    evaluator: &mut Evaluator<'a>,
    keys: &[Value<'a>],
    arguments: &Arguments<'_, 'a>,
) -> Result<Vec<usize>> {
    let mut indices: Vec<usize> = (0..keys.len()).collect();
    let mut failed = None;
    let span = arguments.at(0);
    indices.sort_by(|left, right| {
        match evaluator.compare((keys[*left], span), (keys[*right], span), arguments.span) {
            Ok(ordering) => ordering,
            Err(error) => {
                failed.get_or_insert(error);
                Ordering::Equal
            }
        }
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(indices),
    }
}

fn sort<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let mut keys = Vec::with_capacity(list.items.len());
    for item in list.items {
        keys.push(evaluator.force(*item, arguments.at(0))?);
    }
    let order = order(evaluator, &keys, arguments)?;
    Ok(pick(evaluator, list, order.into_iter()))
}

fn sort_by<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let mut keys = Vec::with_capacity(list.items.len());
    for item in list.items {
        keys.push(evaluator.call(arguments.later(1), &[*item], arguments.at(1))?);
    }
    let order = order(evaluator, &keys, arguments)?;
    Ok(pick(evaluator, list, order.into_iter()))
}

fn unique<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let mut texts = std::collections::HashSet::new();
    let mut kept: Vec<usize> = Vec::new();
    'items: for (index, item) in list.items.iter().enumerate() {
        let item = evaluator.force(*item, arguments.at(0))?;
        if let Value::Str(text) = item {
            if texts.insert(text.text) {
                kept.push(index);
            }
            continue;
        }
        for known in &kept {
            if evaluator.equal(list.items[*known], item, arguments.span)? {
                continue 'items;
            }
        }
        kept.push(index);
    }
    Ok(pick(evaluator, list, kept.into_iter()))
}

fn extreme<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
    wanted: Ordering,
) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let mut best: Option<(Value<'a>, cairn_syntax::span::Span)> = None;
    for (index, item) in list.items.iter().enumerate() {
        let span = evaluator.value_span(list.origin(index), arguments.at(0));
        let item = (evaluator.force(*item, span)?, span);
        // Alone, it is compared with itself: what has no order is an error all the same.
        let known = best.unwrap_or(item);
        if evaluator.compare(item, known, arguments.span)? == wanted || best.is_none() {
            best = Some(item);
        }
    }
    match best {
        Some((value, _)) => Ok(value),
        None => Err(Box::new(Diagnostic::error(
            "eval::no_item",
            arguments.at(0),
            "the list is empty",
        ))),
    }
}

fn sum<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let mut sum = Value::Int(0);
    for (index, item) in list.items.iter().enumerate() {
        let span = evaluator.value_span(list.origin(index), arguments.at(0));
        let item = evaluator.force(*item, span)?;
        sum = evaluator.binary(
            BinaryOp::Add,
            arguments.span,
            (sum, arguments.span),
            (item, span),
            arguments.span,
        )?;
    }
    Ok(sum)
}

fn group_by<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let mut groups = std::collections::BTreeMap::new();
    for (index, item) in list.items.iter().enumerate() {
        let key = evaluator.call(arguments.later(1), &[*item], arguments.at(1))?;
        let name = evaluator.value_as_key(key, arguments.at(1))?;
        groups.entry(name).or_insert_with(Vec::new).push(index);
    }
    let place = Place {
        key: arguments.at(1),
        value: arguments.at(0),
    };
    let origin = evaluator.origin(place);
    let fields = groups.into_iter().map(|(name, indices)| Field {
        name,
        origin,
        value: pick(evaluator, list, indices.into_iter()),
    });
    Ok(evaluator.record(fields.collect()))
}

fn partition<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let (mut fitting, mut others) = (Vec::new(), Vec::new());
    for (index, item) in list.items.iter().enumerate() {
        if arguments.test(evaluator, 1, &[*item])? {
            fitting.push(index);
        } else {
            others.push(index);
        }
    }
    let both = [fitting, others].map(|indices| pick(evaluator, list, indices.into_iter()));
    Ok(evaluator.list(&both, &[]))
}
