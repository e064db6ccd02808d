//! What an editor's settings say to the server.
//!
//! In: the initialization options, of any shape. Out: [`Limits`]. What is not understood is passed over: a server that does not
//! start helps nobody.

use cairn_eval::Limits;
use serde_json::Value;

/// The limits of checks: `{ "maxMemory": 512000000, "maxSteps": 1000000 }`, memory in bytes. An editor can only lower those
/// that the server was started with.
pub fn limits(options: Option<&Value>, most: Limits) -> Limits {
    let number = |name| options?.get(name)?.as_u64().filter(|number| *number > 0);
    let memory_bytes = number("maxMemory").and_then(|bytes| usize::try_from(bytes).ok());
    let steps = number("maxSteps").into_iter().chain(most.steps).min();
    Limits {
        memory_bytes: memory_bytes.map_or(most.memory_bytes, |bytes| bytes.min(most.memory_bytes)),
        steps,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MOST: Limits = Limits {
        memory_bytes: 1000,
        steps: Some(50),
    };

    #[test]
    fn an_editor_lowers_limits_and_never_raises_them() {
        let of = |options: Value| {
            let limits = limits(Some(&options), MOST);
            (limits.memory_bytes, limits.steps)
        };
        assert_eq!(of(json!({ "maxMemory": 10, "maxSteps": 5 })), (10, Some(5)));
        assert_eq!(
            of(json!({ "maxMemory": 2000, "maxSteps": 99 })),
            (1000, Some(50))
        );
        let free = Limits {
            steps: None,
            ..MOST
        };
        let options = json!({ "maxSteps": 7 });
        assert_eq!(limits(Some(&options), free).steps, Some(7));
    }

    #[test]
    fn what_is_not_understood_changes_nothing() {
        for options in [
            json!(null),
            json!([]),
            json!({ "maxMemory": "1G", "maxSteps": -1 }),
            json!({ "maxMemory": 0, "maxSteps": 0 }),
        ] {
            assert_eq!(limits(Some(&options), MOST), MOST, "{options}");
        }
        assert_eq!(limits(None, MOST), MOST);
    }
}
