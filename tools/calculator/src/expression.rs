//! Expressions as trees.

use crate::number::Number;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// Whole part of the quotient, towards minus infinity.
    WholeDivide,
    Remainder,
    Power,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug)]
pub enum Expression {
    Number(Number),
    Name(String),
    Negate(Box<Expression>),
    Factorial(Box<Expression>),
    Percent(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    /// Operations of one strength, from left to right.
    Chain(Box<Expression>, Vec<(Operator, Expression)>),
    Call(String, Vec<Expression>),
}
