//! The settings of GraphQL.

use std::time::Duration;

use super::size;
use super::sources::Sources;

/// What GraphQL offers, and its limits. `config/default.toml` says what each is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphQlConfiguration {
    /// Whether clients may ask for the schema.
    pub introspection: bool,
    /// Whether there is a page to try queries on.
    pub playground: bool,
    /// How deep fields may be within each other.
    pub depth_max: usize,
    /// How many fields one operation may have.
    pub complexity_max: usize,
    /// How many aliases one operation may have.
    pub aliases_max: usize,
    /// How many directives one operation may have.
    pub directives_max: usize,
    /// How many tokens one document may have.
    pub tokens_max: usize,
    /// How many requests one body may hold.
    pub batch_max: usize,
    /// Within which time a WebSocket must say who it is.
    pub init_limit: Duration,
    /// How many operations of one WebSocket may be at work at once.
    pub operations_per_socket_max: usize,
    /// The largest message that a WebSocket may send, in bytes.
    pub message_bytes_max: usize,
    /// How often a WebSocket is pinged.
    pub ping_period: Duration,
}

impl Default for GraphQlConfiguration {
    fn default() -> Self {
        Self {
            introspection: true,
            playground: false,
            depth_max: 20,
            complexity_max: 500,
            aliases_max: 50,
            directives_max: 50,
            tokens_max: 5_000,
            batch_max: 10,
            init_limit: Duration::from_secs(10),
            operations_per_socket_max: 50,
            message_bytes_max: 1_024 * 1_024,
            ping_period: Duration::from_secs(20),
        }
    }
}

pub(super) fn read(sources: &mut Sources) -> GraphQlConfiguration {
    GraphQlConfiguration {
        introspection: sources.get("graphql.introspection"),
        playground: sources.get("graphql.playground"),
        depth_max: size(sources, "graphql.depth_max", 1..=30),
        complexity_max: size(sources, "graphql.complexity_max", 1..=10_000),
        aliases_max: size(sources, "graphql.aliases_max", 0..=10_000),
        directives_max: size(sources, "graphql.directives_max", 0..=10_000),
        tokens_max: size(sources, "graphql.tokens_max", 100..=1_000_000),
        batch_max: size(sources, "graphql.batch_max", 1..=1_000),
        init_limit: Duration::from_secs(sources.number("graphql.init_secs", 1..=600)),
        operations_per_socket_max: size(sources, "graphql.operations_per_socket_max", 1..=10_000),
        message_bytes_max: size(sources, "graphql.message_bytes_max", 1_024..=64 * 1_024 * 1_024),
        ping_period: Duration::from_secs(sources.number("graphql.ping_secs", 1..=600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_file_says_the_defaults() {
        let mut sources = Sources::read(None, &[]);
        assert_eq!(read(&mut sources), GraphQlConfiguration::default());
        assert_eq!(sources.into_faults(), []);
    }
}
