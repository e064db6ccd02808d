//! `record.`: functions over records. What walks a record does so in the order of its keys' texts.

use super::{Arguments, Native, needed, optional};
use crate::evaluate::merge_fields;
use crate::evaluator::{Evaluator, Result};
use crate::value::{Field, Origin, Value};

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "record.map",
        parameters: &[needed("record", "Map(Any)"), needed("function", "Fn")],
        gives: "Map(Any)",
        doc: "A record with the same keys; each value is `function(key, value)`.",
        example: r#"record.map({ a = 1 }, (key, value) => value + 1)   # => {"a":2}"#,
        run: map,
    },
    Native {
        name: "record.filter",
        parameters: &[needed("record", "Map(Any)"), needed("test", "Fn")],
        gives: "Map(Any)",
        doc: "The fields for which `test(key, value)` is true.",
        example: r#"record.filter({ a = 1, b = 2 }, (key, value) => value > 1)   # => {"b":2}"#,
        run: filter,
    },
    Native {
        name: "record.keys",
        parameters: &[needed("record", "Map(Any)")],
        gives: "List(Str)",
        doc: "The keys, sorted.",
        example: r#"record.keys({ b = 1, a = 2 })   # => ["a","b"]"#,
        run: keys,
    },
    Native {
        name: "record.values",
        parameters: &[needed("record", "Map(Any)")],
        gives: "List(Any)",
        doc: "The values, in the order of their keys.",
        example: "record.values({ b = 1, a = 2 })   # => [2,1]",
        run: values,
    },
    Native {
        name: "record.map_to_list",
        parameters: &[needed("record", "Map(Any)"), needed("function", "Fn")],
        gives: "List(Any)",
        doc: "The list of `function(key, value)`, in the order of the keys.",
        example: r#"record.map_to_list({ a = 1 }, (key, value) => "${key}=${value}")   # => ["a=1"]"#,
        run: map_to_list,
    },
    Native {
        name: "record.to_list",
        parameters: &[needed("record", "Map(Any)")],
        gives: "List({ key: Str, value: Any })",
        doc: "The list of `{ key, value }`, in the order of the keys.",
        example: r#"record.to_list({ a = 1 })   # => [{"key":"a","value":1}]"#,
        run: to_list,
    },
    Native {
        name: "record.from_list",
        parameters: &[needed("list", "List({ key: Str, value: Any })")],
        gives: "Map(Any)",
        doc: "The record of a list of `{ key, value }`.",
        example: r#"record.from_list([{ key = "a", value = 1 }])   # => {"a":1}"#,
        run: from_list,
    },
    Native {
        name: "record.merge",
        parameters: &[needed("below", "Map(Any)"), needed("above", "Map(Any)")],
        gives: "Map(Any)",
        doc: "The fields of both, records in records too; where both have one, the second wins.",
        example: r#"record.merge({ a.x = 1, b = 2 }, { a.y = 3, b = 4 })   # => {"a":{"x":1,"y":3},"b":4}"#,
        run: merge,
    },
    Native {
        name: "record.has",
        parameters: &[needed("record", "Map(Any)"), needed("key", "Str")],
        gives: "Bool",
        doc: "Whether there is a field of that name.",
        example: r#"record.has({ a = null }, "a")   # => true"#,
        run: has,
    },
    Native {
        name: "record.get",
        parameters: &[
            needed("record", "Map(Any)"),
            needed("key", "Str"),
            optional("default", "Any"),
        ],
        gives: "Any",
        doc: "The field of that name, else the default, else null.",
        example: r#"record.get({ a = 1 }, "b", default = 0)   # => 0"#,
        run: get,
    },
    Native {
        name: "record.without",
        parameters: &[needed("record", "Map(Any)"), needed("keys", "List(Str)")],
        gives: "Map(Any)",
        doc: "All fields but those.",
        example: r#"record.without({ a = 1, b = 2 }, ["a"])   # => {"b":2}"#,
        run: without,
    },
    Native {
        name: "record.pick",
        parameters: &[needed("record", "Map(Any)"), needed("keys", "List(Str)")],
        gives: "Map(Any)",
        doc: "Only those fields, as far as they are there.",
        example: r#"record.pick({ a = 1, b = 2 }, ["a", "c"])   # => {"a":1}"#,
        run: pick,
    },
    Native {
        name: "record.map_keys",
        parameters: &[needed("record", "Map(Any)"), needed("function", "Fn")],
        gives: "Map(Any)",
        doc: "The same values under the keys that `function(key, value)` gives.",
        example: r#"record.map_keys({ a = 1 }, (key, value) => "x-${key}")   # => {"x-a":1}"#,
        run: map_keys,
    },
    Native {
        name: "record.length",
        parameters: &[needed("record", "Map(Any)")],
        gives: "Int",
        doc: "How many fields there are.",
        example: "record.length({ a = 1, b = 2 })   # => 2",
        run: |evaluator, arguments| {
            Ok(Value::Int(
                arguments.record(evaluator, 0)?.fields.len() as i64
            ))
        },
    },
];

fn map<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let record = arguments.record(evaluator, 0)?;
    let function = arguments.value(evaluator, 1)?;
    let values = evaluator.map_fields_later(function, record.fields.iter(), arguments.at(1))?;
    let fields = record
        .fields
        .iter()
        .zip(values)
        .map(|(field, value)| Field {
            value: Value::Thunk(value),
            ..*field
        });
    let fields = evaluator.arena.collect(fields);
    Ok(evaluator.record_of(fields))
}

fn filter<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let record = arguments.record(evaluator, 0)?;
    let mut kept = Vec::new();
    for field in record.fields {
        let key = evaluator.symbol_string(field.name);
        if arguments.test(evaluator, 1, &[key, field.value])? {
            kept.push(*field);
        }
    }
    Ok(evaluator.sorted_record(&kept))
}

fn keys<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let record = arguments.record(evaluator, 0)?;
    let fields = evaluator.by_text(record);
    let keys: Vec<Value<'a>> = fields
        .iter()
        .map(|field| evaluator.symbol_string(field.name))
        .collect();
    Ok(evaluator.list(&keys, &[]))
}

fn values<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let record = arguments.record(evaluator, 0)?;
    let fields = evaluator.by_text(record);
    let values: Vec<Value<'a>> = fields.iter().map(|field| field.value).collect();
    let origins: Vec<Origin> = fields.iter().map(|field| field.origin).collect();
    Ok(evaluator.list(&values, &origins))
}

fn map_to_list<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let record = arguments.record(evaluator, 0)?;
    let function = arguments.value(evaluator, 1)?;
    let fields = evaluator.by_text(record).into_iter();
    let values = evaluator.map_fields_later(function, fields, arguments.at(1))?;
    let items = evaluator.arena.collect(values.iter().map(Value::Thunk));
    Ok(evaluator.list_of(items, &[]))
}

fn to_list<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let record = arguments.record(evaluator, 0)?;
    let (key, value) = (
        evaluator.names.intern("key"),
        evaluator.names.intern("value"),
    );
    let mut items = Vec::with_capacity(record.fields.len());
    for field in evaluator.by_text(record) {
        let name = evaluator.symbol_string(field.name);
        items.push(evaluator.record(vec![
            Field {
                name: key,
                origin: Origin::NONE,
                value: name,
            },
            Field {
                name: value,
                origin: field.origin,
                value: field.value,
            },
        ]));
    }
    Ok(evaluator.list(&items, &[]))
}

fn from_list<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
) -> Result<Value<'a>> {
    let list = arguments.list(evaluator, 0)?;
    let (key, value) = (
        evaluator.names.intern("key"),
        evaluator.names.intern("value"),
    );
    let mut fields = Vec::with_capacity(list.items.len());
    for (index, item) in list.items.iter().enumerate() {
        let span = evaluator.value_span(list.origin(index), arguments.at(0));
        let record = match evaluator.force(*item, span)? {
            Value::Record(record) => record,
            other => {
                return Err(evaluator.expected(
                    "each item",
                    "a record `{ key, value }`",
                    other,
                    span,
                ));
            }
        };
        let (Some(key), Some(value)) = (record.get(key), record.get(value)) else {
            let missing = if record.get(key).is_none() {
                key
            } else {
                value
            };
            return Err(Box::new(evaluator.missing_field(record, missing, span)));
        };
        let name = evaluator.force(key.value, span)?;
        let name = evaluator.value_as_key(name, span)?;
        let place = crate::value::Place {
            key: span,
            value: span,
        };
        let origin = evaluator.origin(place);
        fields.push(Field {
            name,
            origin,
            value: value.value,
        });
    }
    evaluator.sort_once(&mut fields)?;
    Ok(evaluator.sorted_record(&fields))
}

fn merge<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let below = arguments.record(evaluator, 0)?;
    let above = arguments.record(evaluator, 1)?;
    let mut fields = merge_fields(below.fields, above.fields);
    for field in &mut fields {
        let (Some(low), Some(high)) = (below.get(field.name), above.get(field.name)) else {
            continue;
        };
        let low = evaluator.force(low.value, arguments.at(0))?;
        let high = evaluator.force(high.value, arguments.at(1))?;
        if let (Value::Record(_), Value::Record(_)) = (low, high) {
            // Deeper levels are merged when they are needed.
            field.value = evaluator.call_later(
                Value::Native(merge_function()),
                &[low, high],
                arguments.span,
            );
        }
    }
    Ok(evaluator.sorted_record(&fields))
}

fn merge_function() -> &'static Native {
    &FUNCTIONS[7]
}

fn has<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let record = arguments.record(evaluator, 0)?;
    let key = arguments.text(evaluator, 1)?;
    let name = evaluator.names.get(key.text);
    Ok(Value::Bool(
        name.is_some_and(|name| record.get(name).is_some()),
    ))
}

fn get<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let record = arguments.record(evaluator, 0)?;
    let key = arguments.text(evaluator, 1)?;
    let name = evaluator.names.get(key.text);
    let field = name.and_then(|name| record.get(name));
    Ok(field.map_or(arguments.later(2), |field| field.value))
}

fn without<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    chosen(evaluator, arguments, false)
}

fn pick<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    chosen(evaluator, arguments, true)
}

/// The fields whose keys are among the given ones, or the others.
fn chosen<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
    given: bool,
) -> Result<Value<'a>> {
    let record = arguments.record(evaluator, 0)?;
    let mut keys = Vec::new();
    for key in arguments.list(evaluator, 1)?.items {
        let key = evaluator.force(*key, arguments.at(1))?;
        keys.push(evaluator.expect_text(key, arguments.at(1))?.text);
    }
    let kept = record
        .fields
        .iter()
        .filter(|field| keys.contains(&evaluator.names.text(field.name)) == given);
    let kept: Vec<Field<'a>> = kept.copied().collect();
    Ok(evaluator.sorted_record(&kept))
}

fn map_keys<'a>(evaluator: &mut Evaluator<'a>, arguments: &Arguments<'_, 'a>) -> Result<Value<'a>> {
    let record = arguments.record(evaluator, 0)?;
    let mut fields = Vec::with_capacity(record.fields.len());
    for field in evaluator.by_text(record) {
        let key = evaluator.symbol_string(field.name);
        let key = evaluator.call(arguments.later(1), &[key, field.value], arguments.at(1))?;
        let name = evaluator.value_as_key(key, arguments.at(1))?;
        fields.push(Field { name, ..*field });
    }
    evaluator.sort_once(&mut fields)?;
    Ok(evaluator.sorted_record(&fields))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_function_that_merges_deeper_levels_is_merge() {
        assert_eq!(super::merge_function().name, "record.merge");
    }
}
