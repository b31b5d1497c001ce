//! The scalars beyond GraphQL's own.

use async_graphql::Value;
use async_graphql::dynamic::Scalar;
use serde_json::Number;

/// The name of the scalar of whole numbers of up to 64 bits.
pub(super) const LONG: &str = "Long";

/// The name of the scalar of anything.
pub(super) const JSON: &str = "JSON";

/// The largest whole number that every JSON client reads exactly: 2^53 - 1 (RFC 8259, section 6).
const EXACT_MAX: i64 = 9_007_199_254_740_991;

const LONG_DESCRIPTION: &str = "A whole number of up to 64 bits. Taken as a number or as a string of digits. Given as a number within ±(2^53 - 1), \
which every JSON client reads exactly, and as a string of digits beyond.";

const JSON_DESCRIPTION: &str = "Any JSON value.";

/// See the module's description.
pub(super) fn all() -> [Scalar; 2] {
    [Scalar::new(LONG).description(LONG_DESCRIPTION).validator(is_long), Scalar::new(JSON).description(JSON_DESCRIPTION)]
}

fn is_long(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::String(text) => text.parse::<i64>().is_ok() && !text.starts_with('+'),
        _ => false,
    }
}

/// A whole number as a client is given it.
pub(super) fn long(number: &Number) -> Value {
    let exact = |number: &i64| (-EXACT_MAX..=EXACT_MAX).contains(number);
    if number.as_i64().is_some_and(|number| exact(&number)) {
        Value::Number(number.clone())
    } else {
        Value::String(number.to_string())
    }
}

/// A whole number as a client gave it, as the operations read it: text that is no number stays as it is, and is refused there.
pub(super) fn long_given(value: serde_json::Value) -> serde_json::Value {
    match value.as_str().and_then(|text| text.parse::<i64>().ok()) {
        Some(number) => number.into(),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_clients_whose_numbers_are_doubles() {
        for (number, given) in [
            (5, Value::from(5)),
            (EXACT_MAX, Value::from(EXACT_MAX)),
            (EXACT_MAX + 1, Value::from("9007199254740992")),
            (-EXACT_MAX - 1, Value::from("-9007199254740992")),
            (i64::MIN, Value::from("-9223372036854775808")),
        ] {
            assert_eq!(long(&Number::from(number)), given);
            assert!(is_long(&given));
            assert_eq!(long_given(given.into_json().unwrap()), serde_json::json!(number));
        }
    }

    #[test]
    fn what_is_no_whole_number_is_refused() {
        for value in
            [Value::from(1.5), Value::from("1.5"), Value::from("+1"), Value::from(""), Value::from(true), Value::List(vec![])]
        {
            assert!(!is_long(&value), "{value}");
        }
    }
}
