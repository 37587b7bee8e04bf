//! Writing SVG: elements, escaped text, short numbers.

use std::fmt::Write;

/// A growing SVG document.
pub struct Svg {
    out: String,
}

#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn name(self) -> &'static str {
        match self {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        }
    }
}

/// Colours of the eight-colour palette of Okabe and Ito, which people with any colour vision tell apart; grey instead of
/// its black, which a dark background would swallow.
const PALETTE: [&str; 8] = [
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8c8c8c", "#c9b800",
];

/// Colour of the series of that number.
pub fn colour(series: usize) -> &'static str {
    PALETTE[series % PALETTE.len()]
}

/// Attributes that fill a mark with its series' colour; past the eighth series the colours come again, hollow.
pub fn paint(series: usize) -> String {
    if series < PALETTE.len() {
        format!("fill=\"{}\"", colour(series))
    } else {
        format!(
            "fill=\"{0}\" fill-opacity=\"0.25\" stroke=\"{0}\" stroke-width=\"1.5\"",
            colour(series)
        )
    }
}

/// Class names begin with `cx-`, since a page that shows the chart inline gets its style too.
const STYLE: &str = "\
.cx-card{fill:#fdfdfc;stroke:#e3e3e0}.cx-title{font-size:18px;font-weight:600;fill:#1d2129}\
.cx-text{font-size:12px;fill:#4b5260}.cx-name{font-size:13px;fill:#353b47}.cx-value{font-size:11.5px;fill:#353b47}\
.cx-grid{stroke:#e7e8ea;fill:none}.cx-axis{stroke:#9aa1ac;fill:none}.cx-point{stroke:#fdfdfc}\
@media(prefers-color-scheme:dark){.cx-card{fill:#1a1d23;stroke:#2f343d}.cx-title{fill:#eef0f3}.cx-text{fill:#b5bcc8}\
.cx-name{fill:#d3d8e0}.cx-value{fill:#d3d8e0}.cx-grid{stroke:#2d323b}.cx-axis{stroke:#69717e}.cx-point{stroke:#1a1d23}}";

impl Svg {
    /// Opens a document of that size, told to screen readers as an image with a name and a description.
    pub fn new(width: f64, height: f64, title: &str, description: &str) -> Svg {
        let mut svg = Svg {
            out: String::with_capacity(8 << 10),
        };
        let (w, h) = (number(width), number(height));
        let _ = write!(
            svg.out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" role=\"img\" \
             aria-labelledby=\"cx-title cx-desc\" font-family=\"system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif\">\
             <title id=\"cx-title\">{}</title><desc id=\"cx-desc\">{}</desc><style>{}</style>\
             <rect class=\"cx-card\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"10\"/>",
            w,
            h,
            w,
            h,
            escape(title),
            escape(description),
            STYLE,
            number(width - 1.0),
            number(height - 1.0)
        );
        svg
    }

    pub fn text(&mut self, at: (f64, f64), class: &str, anchor: Anchor, content: &str) {
        let (x, y) = (number(at.0), number(at.1));
        let name = anchor.name();
        let _ = write!(
            self.out,
            "<text x=\"{}\" y=\"{}\" class=\"{}\" text-anchor=\"{}\">{}</text>",
            x,
            y,
            class,
            name,
            escape(content)
        );
    }

    /// Text turned about its anchor by that many degrees.
    pub fn turned_text(&mut self, at: (f64, f64), degrees: f64, class: &str, anchor: Anchor, content: &str) {
        let _ = write!(
            self.out,
            "<text transform=\"translate({} {}) rotate({})\" class=\"{}\" text-anchor=\"{}\">{}</text>",
            number(at.0),
            number(at.1),
            number(degrees),
            class,
            anchor.name(),
            escape(content)
        );
    }

    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let _ = write!(
            self.out,
            "<path class=\"{}\" d=\"M{} {}L{} {}\"/>",
            class,
            number(from.0),
            number(from.1),
            number(to.0),
            number(to.1)
        );
    }

    /// An element that may carry a tooltip.
    pub fn mark(&mut self, element: &str, attributes: &str, tooltip: Option<&str>) {
        let _ = match tooltip {
            Some(text) => write!(
                self.out,
                "<{} {}><title>{}</title></{}>",
                element,
                attributes,
                escape(text),
                element
            ),
            None => write!(self.out, "<{} {}/>", element, attributes),
        };
    }

    pub fn finish(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }
}

/// A coordinate with at most two decimals.
pub fn number(value: f64) -> String {
    let text = format!("{:.2}", value);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// Text that is safe between tags and in attributes. Characters that XML forbids become a replacement mark.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c < ' ' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
