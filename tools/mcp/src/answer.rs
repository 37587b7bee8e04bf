//! What a tool gives back.

use crate::json::{object, Json};
use std::borrow::Cow;
use std::fmt;

/// A call that could not be done: what is wrong, where, and how to fix it. The caller sees the text.
#[derive(Debug)]
pub struct Failure(pub String);

pub type Outcome = Result<Answer, Failure>;

impl From<String> for Failure {
    fn from(message: String) -> Failure {
        Failure(message)
    }
}
impl From<&str> for Failure {
    fn from(message: &str) -> Failure {
        Failure(message.to_owned())
    }
}
impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// `text` for people and models, `structured` for programs, `files` for the host to keep.
pub struct Answer {
    pub text: String,
    pub structured: Json,
    pub files: Vec<NewFile>,
}

/// A file made by the call; the host stores it under this name.
pub struct NewFile {
    pub name: String,
    pub media_type: Cow<'static, str>,
    pub text: String,
}

impl Answer {
    pub fn new(text: impl Into<String>, structured: Json) -> Answer {
        Answer {
            text: text.into(),
            structured,
            files: Vec::new(),
        }
    }

    pub fn with_file(
        mut self,
        name: impl Into<String>,
        media_type: impl Into<Cow<'static, str>>,
        text: String,
    ) -> Answer {
        self.files.push(NewFile {
            name: name.into(),
            media_type: media_type.into(),
            text,
        });
        self
    }

    pub(crate) fn into_json(self) -> Json {
        let mut content = vec![object([("type", "text".into()), ("text", self.text.into())])];
        for file in self.files {
            let resource = object([
                ("uri", format!("artifact:///{}", file.name).into()),
                ("mimeType", Json::Text(file.media_type)),
                ("text", file.text.into()),
            ]);
            content.push(object([("type", "resource".into()), ("resource", resource)]));
        }
        object([
            ("content", content.into()),
            ("structuredContent", self.structured),
            ("isError", false.into()),
        ])
    }
}

impl Failure {
    pub(crate) fn into_json(self) -> Json {
        let content = vec![object([("type", "text".into()), ("text", self.0.into())])];
        object([("content", content.into()), ("isError", true.into())])
    }
}
