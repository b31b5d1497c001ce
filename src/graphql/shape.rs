//! What a value is, on both sides: as GraphQL types it, and as an operation's JSON has it.

use async_graphql::Value;
use async_graphql::dynamic::TypeRef;

use super::scalars;

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    pub(super) is_nullable: bool,
}

/// The kinds of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Boolean,
    /// A whole number of at most 32 bits.
    Int,
    /// A whole number of up to 64 bits.
    Long,
    Float,
    /// Anything.
    Json,
    List(Box<Shape>),
    /// An object or input object, by its GraphQL name.
    Named(String),
}

impl Shape {
    /// A value that is always there.
    pub(super) fn of(kind: Kind) -> Self {
        Self { kind, is_nullable: false }
    }

    /// The same, which may be null if `is_nullable`.
    pub(super) fn nullable(self, is_nullable: bool) -> Self {
        Self { is_nullable, ..self }
    }

    /// The shape that a type's text names, such as `[Int!]!`.
    pub(super) fn parse(text: &str) -> Self {
        let (text, is_nullable) = text.strip_suffix('!').map_or((text, true), |text| (text, false));
        let item = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let kind = match (item, text) {
            (Some(item), _) => Kind::List(Box::new(Self::parse(item))),
            (None, TypeRef::STRING) => Kind::Text,
            (None, TypeRef::BOOLEAN) => Kind::Boolean,
            (None, TypeRef::INT) => Kind::Int,
            (None, TypeRef::FLOAT) => Kind::Float,
            (None, scalars::LONG) => Kind::Long,
            (None, scalars::JSON) => Kind::Json,
            (None, name) => Kind::Named(name.to_owned()),
        };
        Self { kind, is_nullable }
    }

    /// The type as GraphQL has it.
    pub(super) fn type_ref(&self) -> TypeRef {
        let named = |name: &str| TypeRef::Named(name.to_owned().into());
        let inner = match &self.kind {
            Kind::Text => named(TypeRef::STRING),
            Kind::Boolean => named(TypeRef::BOOLEAN),
            Kind::Int => named(TypeRef::INT),
            Kind::Long => named(scalars::LONG),
            Kind::Float => named(TypeRef::FLOAT),
            Kind::Json => named(scalars::JSON),
            Kind::List(item) => TypeRef::List(Box::new(item.type_ref())),
            Kind::Named(name) => named(name),
        };
        if self.is_nullable { inner } else { TypeRef::NonNull(Box::new(inner)) }
    }
}

/// A field of an object, a field of an input object, or an argument.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// As GraphQL spells it.
    pub(super) name: String,
    /// As the operation's JSON spells it.
    pub(super) json: String,
    pub(super) shape: Shape,
    pub(super) description: Option<String>,
    /// What is taken where it is left out.
    pub(super) default: Option<Value>,
}

/// `camelCase` of a name in `snake_case`; a name in camelCase stays as it is.
pub(super) fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut characters = part.chars();
        camel.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(characters.as_str());
    }
    camel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_survives_its_text() {
        for text in ["String", "[Long!]!", "[[ButtonToSendInput!]!]", "JSON!", "[Int]!"] {
            assert_eq!(Shape::parse(text).type_ref().to_string(), text);
        }
    }

    #[test]
    fn names_are_written_in_camel_case() {
        for (name, camel) in
            [("send_message", "sendMessage"), ("submit_2fa_password", "submit2faPassword"), ("accountId", "accountId")]
        {
            assert_eq!(camel_case(name), camel);
        }
    }
}
