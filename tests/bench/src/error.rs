//! What can stop a measurement.

use std::time::Duration;

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The operating system refused something.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// How it was refused.
        source: std::io::Error,
    },
    /// A request did not get an answer.
    #[error("{request}: {source}")]
    Http {
        /// The method and path.
        request: String,
        /// Why not.
        source: reqwest::Error,
    },
    /// A request got another answer than the measurement needs.
    #[error("{request} was answered {status}: {body}")]
    Refused {
        /// The method and path.
        request: String,
        /// The HTTP status.
        status: u16,
        /// The body, as text.
        body: String,
    },
    /// A process ended, or said something that cannot be understood.
    #[error("{process}: {problem}\n{log}")]
    Process {
        /// Which one.
        process: &'static str,
        /// What is wrong with it.
        problem: String,
        /// The end of its log.
        log: String,
    },
    /// A file came back as another one.
    #[error("file {file} differs at byte {at}")]
    Differs {
        /// Which of the files.
        file: u64,
        /// Where.
        at: u64,
    },
    /// What was promised does not hold.
    #[error("{violations} of the promises' violations were found; everything is kept in {folder}")]
    Broken {
        /// How many.
        violations: usize,
        /// Where the data, the world and the logs are.
        folder: String,
    },
    /// Somebody asked the bench to stop.
    #[error("it was asked to stop")]
    Stopped,
    /// An answer is not what it should be.
    #[error("{request} answered {body}")]
    Unexpected {
        /// The method and path.
        request: String,
        /// The body, as text.
        body: String,
    },
    /// Something took too long.
    #[error("{what} did not happen within {limit:?}")]
    TooSlow {
        /// What was waited for.
        what: String,
        /// How long.
        limit: Duration,
    },
}

impl BenchError {
    pub(crate) fn io(doing: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io { doing: doing.into(), source }
    }
}
