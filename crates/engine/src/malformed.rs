/// What is wrong with a message that is refused with close code 1007. For logs; clients are not told which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Malformed {
    /// The message ends before what it announces.
    #[error("the message is cut short")]
    Truncated,
    /// Bytes follow what should be the end.
    #[error("bytes follow the end")]
    Trailing,
    /// A number that JavaScript can't hold exactly: beyond 2^53 - 1.
    #[error("a number is beyond 2^53 - 1")]
    Number,
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    Utf8,
    /// A text that must be JSON is not.
    #[error("a text is not JSON")]
    Json,
    /// The message, or a part of it that has a bound of its own, is longer than allowed.
    #[error("more bytes than allowed")]
    TooLong,
    /// Values, or shared types, are nested deeper than allowed.
    #[error("nested deeper than allowed")]
    TooDeep,
    /// The update would take more memory, decoded, than one update may.
    #[error("the decoded update takes too much memory")]
    TooHeavy,
    /// A kind of message, struct, type or value that the protocol does not have.
    #[error("an unknown kind of {0}")]
    UnknownKind(&'static str),
    /// A clock, or a clock and a length together, reach 2^31.
    #[error("a clock reaches 2^31")]
    Clock,
    /// A struct or a range that has no length, or a client without structs.
    #[error("something has no length")]
    Empty,
    /// The structs of a client are not in one place.
    #[error("a client appears twice")]
    RepeatedClient,
    /// A struct refers to itself, to a later one of its own client, or to a parent that can have no children.
    #[error("a struct refers to what it can't")]
    Reference,
    /// The session has more updates with missing dependencies than are kept.
    #[error("too much waits for missing updates")]
    MissingDependencies,
}
