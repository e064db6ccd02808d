//! `list.`: functions over lists.

use cairn_syntax::Diagnostic;

use super::{Arguments, Native, needed, optional};
use crate::evaluator::{Evaluator, Result};
use crate::value::{List, Origin, Value};

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "list.map",
        parameters: &[needed("list", "List(Any)"), needed("function", "Fn")],
        gives: "List(Any)",
        doc: "What the function makes of each item.",
        example: "list.map([1, 2], x => x * 10)   # => [10,20]",
        run: map,
    },
    Native {
        name: "list.filter",
        parameters: &[needed("list", "List(Any)"), needed("test", "Fn")],
        gives: "List(Any)",
        doc: "The items for which the test is true.",
        example: "list.filter([1, 2, 3], x => x > 1)   # => [2,3]",
        run: filter,
    },
    Native {
        name: "list.fold",
        parameters: &[
            needed("list", "List(Any)"),
            needed("start", "Any"),
            needed("function", "Fn"),
        ],
        gives: "Any",
        doc: "Combines all items, from the first: `function(so_far, item)`.",
        example: "list.fold([1, 2, 3], 0, (sum, x) => sum + x)   # => 6",
        run: fold,
    },
    Native {
        name: "list.any",
        parameters: &[needed("list", "List(Any)"), needed("test", "Fn")],
        gives: "Bool",
        doc: "Whether the test is true for some item.",
        example: "list.any([1, 2], x => x > 1)   # => true",
        run: any,
    },
    Native {
        name: "list.all",
        parameters: &[needed("list", "List(Any)"), needed("test", "Fn")],
        gives: "Bool",
        doc: "Whether the test is true for every item.",
        example: "list.all([1, 2], x => x > 1)   # => false",
        run: all,
    },
    Native {
        name: "list.find",
        parameters: &[needed("list", "List(Any)"), needed("test", "Fn")],
        gives: "Any",
        doc: "The first item for which the test is true, else null.",
        example: "list.find([1, 2, 3], x => x > 1)   # => 2",
        run: find,
    },
    Native {
        name: "list.length",
        parameters: &[needed("list", "List(Any)")],
        gives: "Int",
        doc: "How many items there are.",
        example: r#"list.length(["a", "b"])   # => 2"#,
        run: length,
    },
    Native {
        name: "list.concat",
        parameters: &[needed("lists", "List(List(Any))")],
        gives: "List(Any)",
        doc: "The items of all lists, one after the other.",
        example: "list.concat([[1], [2, 3]])   # => [1,2,3]",
        run: concat,
    },
    Native {
        name: "list.flat_map",
        parameters: &[needed("list", "List(Any)"), needed("function", "Fn")],
        gives: "List(Any)",
        doc: "The items of all lists that the function gives.",
        example: "list.flat_map([1, 2], x => [x, x * 10])   # => [1,10,2,20]",
        run: flat_map,
    },
    Native {
        name: "list.contains",
        parameters: &[needed("list", "List(Any)"), needed("item", "Any")],
        gives: "Bool",
        doc: "Whether some item is equal to the given one.",
        example: r#"["a", "b"] |> list.contains("b")   # => true"#,
        run: contains,
    },
    Native {
        name: "list.index_of",
        parameters: &[needed("list", "List(Any)"), needed("item", "Any")],
        gives: "Int?",
        doc: "Where the first item equal to the given one stands, counted from 0, else null.",
        example: r#"list.index_of(["a", "b"], "b")   # => 1"#,
        run: index_of,
    },
    Native {
        name: "list.count",
        parameters: &[needed("list", "List(Any)"), needed("test", "Fn")],
        gives: "Int",
        doc: "For how many items the test is true.",
        example: "list.count([1, 2, 3], x => x > 1)   # => 2",
        run: count,
    },
    Native {
        name: "list.without",
        parameters: &[needed("list", "List(Any)"), needed("items", "List(Any)")],
        gives: "List(Any)",
        doc: "The items that are equal to none of the others.",
        example: "list.without([1, 2, 3, 2], [2])   # => [1,3]",
        run: without,
    },
    Native {
        name: "list.head",
        parameters: &[needed("list", "List(Any)")],
        gives: "Any",
        doc: "The first item; an error if there is none.",
        example: "list.head([1, 2, 3])   # => 1",
        run: head,
    },
    Native {
        name: "list.last",
        parameters: &[needed("list", "List(Any)")],
        gives: "Any",
        doc: "The last item; an error if there is none.",
        example: "list.last([1, 2, 3])   # => 3",
        run: last,
    },
    Native {
        name: "list.tail",
        parameters: &[needed("list", "List(Any)")],
        gives: "List(Any)",
        doc: "All items but the first.",
        example: "list.tail([1, 2, 3])   # => [2,3]",
        run: tail,
    },
    Native {
        name: "list.at",
        parameters: &[needed("list", "List(Any)"), needed("index", "Int")],
        gives: "Any",
        doc: "The item at an index, counted from 0; an error if there is none.",
        example: r#"list.at(["a", "b"], 1)   # => "b""#,
        run: at,
    },
    Native {
        name: "list.take",
        parameters: &[needed("list", "List(Any)"), needed("count", "Int")],
        gives: "List(Any)",
        doc: "The first items.",
        example: "list.take([1, 2, 3], 2)   # => [1,2]",
        run: take,
    },
    Native {
        name: "list.drop",
        parameters: &[needed("list", "List(Any)"), needed("count", "Int")],
        gives: "List(Any)",
        doc: "All but the first items.",
        example: "list.drop([1, 2, 3], 2)   # => [3]",
        run: drop_first,
    },
    Native {
        name: "list.reverse",
        parameters: &[needed("list", "List(Any)")],
        gives: "List(Any)",
        doc: "The items, last first.",
        example: "list.reverse([1, 2, 3])   # => [3,2,1]",
        run: reverse,
    },
    Native {
        name: "list.zip",
        parameters: &[needed("first", "List(Any)"), needed("second", "List(Any)")],
        gives: "List(List(Any))",
        doc: "Pairs `[a, b]`, as many as the shorter list has items.",
        example: r#"list.zip(["a", "b"], [1, 2])   # => [["a",1],["b",2]]"#,
        run: zip,
    },
    Native {
        name: "list.range",
        parameters: &[
            needed("start", "Int"),
            needed("end", "Int"),
            optional("step", "Int"),
        ],
        gives: "List(Int)",
        doc: "Whole numbers from start up to, but without, end.",
        example: "list.range(0, 10, step = 5)   # => [0,5]",
        run: range,
    },
];

/// Some of a list's items, with their origins.
pub(super) fn pick<'a>(
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
    let items = evaluator.map_later(function, list.items, arguments.at(1))?;
    Ok(evaluator.list_of(items, list.origins))
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
                let bytes = size_of_val(list.items) + size_of_val(items.as_slice());
                evaluator.room(bytes, arguments.span)?;
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

fn contains<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    for item in arguments.list(evaluator, 0)?.items {
        if evaluator.equal(*item, arguments.later(1), arguments.span)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn index_of<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let items = arguments.list(evaluator, 0)?.items;
    for (index, item) in items.iter().enumerate() {
        if evaluator.equal(*item, arguments.later(1), arguments.span)? {
            return Ok(Value::Int(index as i64));
        }
    }
    Ok(Value::Null)
}

fn count<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let mut count = 0;
    for item in arguments.list(evaluator, 0)?.items {
        count += i64::from(arguments.test(evaluator, 1, &[*item])?);
    }
    Ok(Value::Int(count))
}

fn without<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let dropped = arguments.list(evaluator, 1)?.items;
    let mut kept = Vec::new();
    'items: for (index, item) in list.items.iter().enumerate() {
        for other in dropped {
            if evaluator.equal(*item, *other, arguments.span)? {
                continue 'items;
            }
        }
        kept.push(index);
    }
    Ok(pick(evaluator, list, kept.into_iter()))
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
    let (way, step_wide) = (i128::from(end) - i128::from(start), i128::from(step));
    let count = if (way > 0) == (step > 0) {
        way.unsigned_abs().div_ceil(step_wide.unsigned_abs())
    } else {
        0
    };
    let Some(count) = usize::try_from(count)
        .ok()
        .filter(|count| *count <= RANGE_LIMIT)
    else {
        let message = format!("this range has more than {RANGE_LIMIT} items");
        return Err(Box::new(Diagnostic::error(
            "eval::range",
            arguments.span,
            message,
        )));
    };
    evaluator.room(count * size_of::<Value<'_>>() * 2, arguments.span)?;
    let mut items = Vec::with_capacity(count);
    let mut next = start;
    for _ in 0..count {
        items.push(Value::Int(next));
        // Only what would come after the last can be no number.
        next = next.wrapping_add(step);
    }
    Ok(evaluator.list(&items, &[]))
}
