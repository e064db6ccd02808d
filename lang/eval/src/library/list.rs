//! `list.`: functions over lists.

use std::cmp::Ordering;

use cairn_syntax::Diagnostic;

use super::{Arguments, Native, needed, optional};
use crate::evaluator::{Evaluator, Result};
use crate::value::{List, Origin, Value};

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "list.map",
        parameters: &[needed("list"), needed("function")],
        doc: "What the function makes of each item.",
        run: map,
    },
    Native {
        name: "list.filter",
        parameters: &[needed("list"), needed("test")],
        doc: "The items for which the test is true.",
        run: filter,
    },
    Native {
        name: "list.fold",
        parameters: &[needed("list"), needed("start"), needed("function")],
        doc: "Combines all items, from the first: `function(so_far, item)`.",
        run: fold,
    },
    Native {
        name: "list.any",
        parameters: &[needed("list"), needed("test")],
        doc: "Whether the test is true for some item.",
        run: any,
    },
    Native {
        name: "list.all",
        parameters: &[needed("list"), needed("test")],
        doc: "Whether the test is true for every item.",
        run: all,
    },
    Native {
        name: "list.find",
        parameters: &[needed("list"), needed("test")],
        doc: "The first item for which the test is true, else null.",
        run: find,
    },
    Native {
        name: "list.length",
        parameters: &[needed("list")],
        doc: "How many items there are.",
        run: length,
    },
    Native {
        name: "list.concat",
        parameters: &[needed("lists")],
        doc: "The items of all lists, one after the other.",
        run: concat,
    },
    Native {
        name: "list.flat_map",
        parameters: &[needed("list"), needed("function")],
        doc: "The items of all lists that the function gives.",
        run: flat_map,
    },
    Native {
        name: "list.sort",
        parameters: &[needed("list")],
        doc: "The items, numbers or strings, in ascending order.",
        run: sort,
    },
    Native {
        name: "list.sort_by",
        parameters: &[needed("list"), needed("key")],
        doc: "The items in ascending order of their keys; equal ones stay in order.",
        run: sort_by,
    },
    Native {
        name: "list.unique",
        parameters: &[needed("list")],
        doc: "The items without repeats; the first of equals stays.",
        run: unique,
    },
    Native {
        name: "list.contains",
        parameters: &[needed("list"), needed("item")],
        doc: "Whether some item is equal to the given one.",
        run: contains,
    },
    Native {
        name: "list.head",
        parameters: &[needed("list")],
        doc: "The first item; an error if there is none.",
        run: head,
    },
    Native {
        name: "list.last",
        parameters: &[needed("list")],
        doc: "The last item; an error if there is none.",
        run: last,
    },
    Native {
        name: "list.tail",
        parameters: &[needed("list")],
        doc: "All items but the first.",
        run: tail,
    },
    Native {
        name: "list.at",
        parameters: &[needed("list"), needed("index")],
        doc: "The item at an index, counted from 0; an error if there is none.",
        run: at,
    },
    Native {
        name: "list.take",
        parameters: &[needed("list"), needed("count")],
        doc: "The first items.",
        run: take,
    },
    Native {
        name: "list.drop",
        parameters: &[needed("list"), needed("count")],
        doc: "All but the first items.",
        run: drop_first,
    },
    Native {
        name: "list.reverse",
        parameters: &[needed("list")],
        doc: "The items, last first.",
        run: reverse,
    },
    Native {
        name: "list.zip",
        parameters: &[needed("first"), needed("second")],
        doc: "Pairs `[a, b]`, as many as the shorter list has items.",
        run: zip,
    },
    Native {
        name: "list.range",
        parameters: &[needed("start"), needed("end"), optional("step")],
        doc: "Whole numbers from start up to, but without, end.",
        run: range,
    },
];

/// Some of a list's items, with their origins.
fn pick<'a>(
    evaluator: &Evaluator<'a>,
    list: &List<'a>,
    indices: impl Iterator<Item = usize> + Clone,
) -> Value<'a> {
    let items: Vec<Value<'a>> = indices.clone().map(|index| list.items[index]).collect();
    let origins: Vec<Origin> = indices.map(|index| list.origin(index)).collect();
    evaluator.list(&items, &origins)
}

fn map<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let function = arguments.value(evaluator, 1)?;
    let items: Vec<Value<'a>> = list
        .items
        .iter()
        .map(|item| evaluator.call_later(function, &[*item], arguments.at(1)))
        .collect();
    Ok(evaluator.list(&items, list.origins))
}

fn filter<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let mut kept = Vec::new();
    for (index, item) in list.items.iter().enumerate() {
        if arguments.test(evaluator, 1, &[*item])? {
            kept.push(index);
        }
    }
    Ok(pick(evaluator, list, kept.into_iter()))
}

fn fold<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let mut result = arguments.later(1);
    for item in list.items {
        result = evaluator.call(arguments.later(2), &[result, *item], arguments.at(2))?;
    }
    Ok(result)
}

fn any<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    for item in arguments.list(evaluator, 0)?.items {
        if arguments.test(evaluator, 1, &[*item])? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn all<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    for item in arguments.list(evaluator, 0)?.items {
        if !arguments.test(evaluator, 1, &[*item])? {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}

fn find<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    for item in arguments.list(evaluator, 0)?.items {
        if arguments.test(evaluator, 1, &[*item])? {
            return Ok(*item);
        }
    }
    Ok(Value::Null)
}

fn length<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    Ok(Value::Int(arguments.list(evaluator, 0)?.items.len() as i64))
}

fn join<'a>(
    evaluator: &mut Evaluator<'a>,
    lists: &[Value<'a>],
    what: &str,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let mut items = Vec::new();
    let mut origins = Vec::new();
    for list in lists {
        match evaluator.force(*list, arguments.span)? {
            Value::List(list) => {
                items.extend_from_slice(list.items);
                origins.extend((0..list.items.len()).map(|index| list.origin(index)));
            }
            other => return Err(evaluator.expected(what, "a list", other, arguments.span)),
        }
    }
    Ok(evaluator.list(&items, &origins))
}

fn concat<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let lists = arguments.list(evaluator, 0)?;
    join(evaluator, lists.items, "each item", arguments)
}

fn flat_map<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let mut lists = Vec::with_capacity(list.items.len());
    for item in list.items {
        lists.push(evaluator.call(arguments.later(1), &[*item], arguments.at(1))?);
    }
    join(evaluator, &lists, "what the function gives", arguments)
}

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

fn contains<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    for item in arguments.list(evaluator, 0)?.items {
        if evaluator.equal(*item, arguments.later(1), arguments.span)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn nth<'a>(list: &List<'a>, index: usize, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    list.items.get(index).copied().ok_or_else(|| {
        let message = match list.items.len() {
            0 => "the list is empty".to_owned(),
            1 => format!("the list has 1 item, and none at {index}"),
            length => format!("the list has {length} items, and none at {index}"),
        };
        Box::new(Diagnostic::error("eval::no_item", arguments.at(0), message))
    })
}

fn head<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    nth(arguments.list(evaluator, 0)?, 0, arguments)
}

fn last<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    nth(list, list.items.len().saturating_sub(1), arguments)
}

fn at<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    nth(list, arguments.count(evaluator, 1)?, arguments)
}

fn tail<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    Ok(pick(evaluator, list, 1..list.items.len()))
}

fn take<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let count = arguments.count(evaluator, 1)?.min(list.items.len());
    Ok(pick(evaluator, list, 0..count))
}

fn drop_first<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let count = arguments.count(evaluator, 1)?.min(list.items.len());
    Ok(pick(evaluator, list, count..list.items.len()))
}

fn reverse<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    Ok(pick(evaluator, list, (0..list.items.len()).rev()))
}

fn zip<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let (first, second) = (arguments.list(evaluator, 0)?, arguments.list(evaluator, 1)?);
    let pairs: Vec<Value<'a>> = first
        .items
        .iter()
        .zip(second.items)
        .map(|(a, b)| evaluator.list(&[*a, *b], &[]))
        .collect();
    Ok(evaluator.list(&pairs, &[]))
}

/// The longest list that `list.range` makes.
const RANGE_LIMIT: usize = 10_000_000;

fn range<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let (start, end) = (arguments.int(evaluator, 0)?, arguments.int(evaluator, 1)?);
    let step = if arguments.is_given(2) {
        arguments.int(evaluator, 2)?
    } else {
        1
    };
    if step == 0 {
        return Err(Box::new(Diagnostic::error(
            "eval::range",
            arguments.at(2),
            "a step of zero leads nowhere",
        )));
    }
    let mut items = Vec::new();
    let mut next = start;
    while (step > 0 && next < end) || (step < 0 && next > end) {
        if items.len() == RANGE_LIMIT {
            let message = format!("this range has more than {RANGE_LIMIT} items");
            return Err(Box::new(Diagnostic::error(
                "eval::range",
                arguments.span,
                message,
            )));
        }
        items.push(Value::Int(next));
        match next.checked_add(step) {
            Some(following) => next = following,
            None => break,
        }
    }
    Ok(evaluator.list(&items, &[]))
}
