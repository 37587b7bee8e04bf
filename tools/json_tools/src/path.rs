//! JSONPath (RFC 9535) as a tree.

use mcp::Json;
use patterns::Pattern;

/// A query: from the root (`$`) or from the current node (`@`), segment by segment.
pub struct Query {
    pub from_root: bool,
    pub segments: Vec<Segment>,
}

pub struct Segment {
    pub descendant: bool,
    pub selectors: Vec<Selector>,
}

pub enum Selector {
    Name(String),
    Wildcard,
    Index(i64),
    Slice(Option<i64>, Option<i64>, i64),
    Filter(Logical),
}

pub enum Logical {
    Or(Vec<Logical>),
    And(Vec<Logical>),
    Not(Box<Logical>),
    Exists(Query),
    Compare(Comparable, Operator, Comparable),
    /// match() and search().
    Fits(Box<Fits>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Something that is one value, or nothing.
pub enum Comparable {
    Literal(Json),
    Single(Query),
    Length(Box<Comparable>),
    Count(Query),
    Value(Query),
}

pub struct Fits {
    pub text: Comparable,
    pub pattern: Comparable,
    /// A pattern that is a literal is compiled once; none when it is no pattern, which fits nothing.
    pub compiled: Option<Option<Pattern>>,
    pub whole: bool,
}

impl Query {
    /// Whether it can give at most one node.
    pub fn is_singular(&self) -> bool {
        self.segments.iter().all(|segment| {
            !segment.descendant && matches!(segment.selectors[..], [Selector::Name(_) | Selector::Index(_)])
        })
    }
}
