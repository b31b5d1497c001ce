//! How one operation is called.

use serde_json::{Map, Value};

/// Inputs that an operation takes, and what else is known of calling it.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) inputs: Map<String, Value>,
    pub(super) bytes: Vec<u8>,
    pub(super) refused: Vec<(&'static str, Value)>,
    pub(super) takes_any: Vec<&'static str>,
    pub(super) status: Option<u16>,
    pub(super) is_others: bool,
}

/// An example with these input fields, in camelCase, wherever they travel. `accountId` is filled in where it is absent.
pub(super) fn example(inputs: Value) -> Example {
    let Value::Object(inputs) = inputs else { panic!("inputs are an object: {inputs}") };
    Example { inputs, bytes: b"bytes".to_vec(), refused: Vec::new(), takes_any: Vec::new(), status: None, is_others: false }
}

impl Example {
    /// The same with this body of bytes.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.bytes = bytes.to_vec();
        self
    }

    /// The same, and this value of a field is refused by the field's name.
    pub(super) fn refuses(mut self, field: &'static str, value: Value) -> Self {
        self.refused.push((field, value));
        self
    }

    /// The same, and no value of this field is refused.
    pub(super) fn takes_any(mut self, field: &'static str) -> Self {
        self.takes_any.push(field);
        self
    }

    /// The same, of something that an agent who did not make it does not find.
    pub(super) fn hidden_from_others(mut self) -> Self {
        self.is_others = true;
        self
    }

    /// The same, and what is answered is a refusal with this status.
    pub(super) fn answers(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }
}
