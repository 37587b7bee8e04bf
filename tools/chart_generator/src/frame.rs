//! The frame around every chart: card, title, legend, axes with their names, and the area that is left for marks.

use crate::scale::{ticks, Scale, Ticks};
use crate::svg::{paint, Anchor, Svg};
use crate::words::{cut, fits_wrapped, text_width, wrap, TickFormat};

/// Words and size of a chart.
pub struct Page {
    pub title: String,
    pub description: String,
    pub x_label: String,
    pub y_label: String,
    pub width: f64,
    pub height: f64,
    /// Names in the legend; none for a single series without a name.
    pub series: Vec<String>,
}

/// What stands along the bottom.
pub enum Bottom {
    /// Texts at the middle of equal bands.
    Bands(Vec<String>),
    /// Round numbers: the range of values, whole ones only if all are.
    Numbers { min: f64, max: f64, whole: bool },
    /// Positions with their texts, over a range of values.
    Marked {
        min: f64,
        max: f64,
        marks: Vec<(f64, String)>,
    },
}

/// The area for marks.
pub struct Plot {
    pub svg: Svg,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    pub x: Scale,
    pub y: Scale,
}

const MARGIN: f64 = 24.0;
const TITLE_SIZE: f64 = 18.0;
const TITLE_LINE: f64 = 24.0;
/// Bold letters are wider than those that widths are reckoned for.
const BOLD_WIDER: f64 = 1.12;
const TEXT_SIZE: f64 = 12.0;
const TEXT_LINE: f64 = 15.0;
const NAME_SIZE: f64 = 13.0;
const LEGEND_LINE: f64 = 20.0;
const LEGEND_NAME_MAX: f64 = 180.0;
const LEGEND_LINES_MAX: usize = 4;
const TICK_GAP: f64 = 8.0;
const BAND_LINES_MAX: usize = 3;
const TURNED_LABEL_MAX: f64 = 110.0;
/// Pixels between turned labels, at least; where some are left out anyway, more.
const TURNED_PITCH_MIN: f64 = 14.0;
const TURNED_PITCH_SPARSE: f64 = 26.0;

/// How the texts under bands are written.
enum BandLabels {
    Wrapped { lines: usize, every: usize },
    Turned { every: usize, longest: f64 },
}

pub struct Range {
    pub min: f64,
    pub max: f64,
}

/// Draws the frame; `y` is the range of values that must be seen.
pub fn frame(page: &Page, bottom: &Bottom, y: Range) -> Plot {
    let mut svg = Svg::new(page.width, page.height, &page.title, &page.description);
    let mut top = MARGIN;
    let inner = page.width - 2.0 * MARGIN;
    for line in wrap(&page.title, TITLE_SIZE * BOLD_WIDER, inner, 2) {
        svg.text((MARGIN, top + TITLE_SIZE), "cx-title", Anchor::Start, &line);
        top += TITLE_LINE;
    }
    top += 4.0;
    top = legend(&mut svg, &page.series, top, inner);
    // The name of the vertical axis lies above it: nobody has to turn the head.
    if !page.y_label.is_empty() {
        svg.text(
            (MARGIN, top + NAME_SIZE),
            "cx-name",
            Anchor::Start,
            &cut(&page.y_label, NAME_SIZE, inner),
        );
        top += NAME_SIZE + 8.0;
    }
    top += 14.0;
    let named = if page.x_label.is_empty() { 0.0 } else { NAME_SIZE + 9.0 };
    let guess = page.height - top - MARGIN - named - TEXT_LINE - TICK_GAP;
    let y_ticks = ticks(y.min, y.max, (guess / 55.0).clamp(2.0, 10.0) as usize);
    let format = TickFormat::new(y_ticks.min.abs().max(y_ticks.max.abs()), y_ticks.step);
    let widest = y_ticks
        .values
        .iter()
        .map(|value| text_width(&format.text(*value), TEXT_SIZE))
        .fold(0.0, f64::max);
    let left = MARGIN + widest + TICK_GAP;
    let right = page.width - MARGIN;
    let labels = band_labels(bottom, right - left);
    let below = match &labels {
        Some(BandLabels::Wrapped { lines, .. }) => *lines as f64 * TEXT_LINE,
        Some(BandLabels::Turned { longest, .. }) => longest * 0.72 + 8.0,
        None => TEXT_LINE,
    };
    let base = page.height - MARGIN - named - below - TICK_GAP;
    let base = base.max(top + 40.0);
    let y_scale = Scale {
        min: y_ticks.min,
        max: y_ticks.max,
        from: base,
        to: top,
    };
    side(&mut svg, &y_ticks, &format, &y_scale, (left, right));
    let x_scale = match bottom {
        Bottom::Bands(names) => {
            let scale = Scale {
                min: 0.0,
                max: names.len().max(1) as f64,
                from: left,
                to: right,
            };
            if let Some(labels) = &labels {
                band_texts(&mut svg, names, labels, &scale, base);
            }
            scale
        }
        Bottom::Numbers { min, max, whole } => {
            let wanted = ticks(*min, *max, number_count(right - left, *min, *max, *whole));
            let format = TickFormat::new(wanted.min.abs().max(wanted.max.abs()), wanted.step);
            let scale = Scale {
                min: wanted.min,
                max: wanted.max,
                from: left,
                to: right,
            };
            let marks: Vec<(f64, String)> = wanted
                .values
                .iter()
                .map(|value| (*value, format.text(*value)))
                .collect();
            bottom_marks(&mut svg, &marks, &scale, base);
            scale
        }
        Bottom::Marked { min, max, marks } => {
            let scale = Scale {
                min: *min,
                max: *max,
                from: left,
                to: right,
            };
            bottom_marks(&mut svg, marks, &scale, base);
            scale
        }
    };
    if !page.x_label.is_empty() {
        let middle = (left + right) / 2.0;
        svg.text(
            (middle, page.height - MARGIN + 4.0),
            "cx-name",
            Anchor::Middle,
            &cut(&page.x_label, NAME_SIZE, right - left),
        );
    }
    Plot {
        svg,
        left,
        right,
        top,
        bottom: base,
        x: x_scale,
        y: y_scale,
    }
}

impl Plot {
    /// The line that values stand on: zero where it is in range, and the bottom.
    pub fn base_line(&mut self) {
        let zero = self.y.at(0.0);
        let from = if zero > self.top && zero < self.bottom {
            zero
        } else {
            self.bottom
        };
        self.svg.line((self.left, from), (self.right, from), "cx-axis");
    }
}

/// How many numbers have room along the bottom; no more than there are whole ones, where only these make sense.
pub fn number_count(width: f64, min: f64, max: f64, whole: bool) -> usize {
    let most = if whole { (max - min).max(1.0) } else { 12.0 };
    (width / 80.0).min(most).clamp(1.0, 12.0) as usize
}

/// The round numbers from `min` to `max` with their texts, for an axis that ends where the values end.
pub fn inner_marks(width: f64, min: f64, max: f64, whole: bool) -> Vec<(f64, String)> {
    let wanted = ticks(min, max, number_count(width, min, max, whole));
    let format = TickFormat::new(wanted.min.abs().max(wanted.max.abs()), wanted.step);
    let slack = (max - min) * 1e-9;
    let inside = wanted
        .values
        .iter()
        .filter(|value| (min - slack..=max + slack).contains(*value));
    inside.map(|value| (*value, format.text(*value))).collect()
}

fn legend(svg: &mut Svg, series: &[String], top: f64, inner: f64) -> f64 {
    let mut x = MARGIN;
    let mut y = top;
    let mut lines = 1;
    if series.is_empty() {
        return top;
    }
    for (index, name) in series.iter().enumerate() {
        let shown = cut(name, TEXT_SIZE, LEGEND_NAME_MAX);
        let width = 18.0 + text_width(&shown, TEXT_SIZE) + 18.0;
        if x + width > MARGIN + inner + 18.0 && x > MARGIN {
            if lines == LEGEND_LINES_MAX {
                svg.text(
                    (x, y + 12.0),
                    "cx-text",
                    Anchor::Start,
                    &format!("… {} more", series.len() - index),
                );
                break;
            }
            lines += 1;
            x = MARGIN;
            y += LEGEND_LINE;
        }
        let swatch = format!(
            "x=\"{:.1}\" y=\"{:.1}\" width=\"11\" height=\"11\" rx=\"3\" {}",
            x,
            y + 2.0,
            paint(index)
        );
        svg.mark("rect", &swatch, None);
        svg.text((x + 18.0, y + 12.0), "cx-text", Anchor::Start, &shown);
        x += width;
    }
    y + LEGEND_LINE + 4.0
}

fn side(svg: &mut Svg, ticks: &Ticks, format: &TickFormat, scale: &Scale, (left, right): (f64, f64)) {
    for value in &ticks.values {
        let y = scale.at(*value);
        svg.line((left, y), (right, y), "cx-grid");
        svg.text((left - TICK_GAP, y + 4.0), "cx-text", Anchor::End, &format.text(*value));
    }
}

fn bottom_marks(svg: &mut Svg, marks: &[(f64, String)], scale: &Scale, base: f64) {
    for (value, text) in marks {
        let x = scale.at(*value);
        let half = text_width(text, TEXT_SIZE) / 2.0;
        svg.line((x, base), (x, base + 5.0), "cx-axis");
        // The outermost texts stay on the card.
        let anchor = if x + half > scale.to + MARGIN - 4.0 {
            (Anchor::End, scale.to + MARGIN - 4.0)
        } else {
            (Anchor::Middle, x)
        };
        svg.text((anchor.1, base + TICK_GAP + TEXT_SIZE), "cx-text", anchor.0, text);
    }
}

fn band_labels(bottom: &Bottom, width: f64) -> Option<BandLabels> {
    let names = match bottom {
        Bottom::Bands(names) => names,
        _ => return None,
    };
    let band = width / names.len().max(1) as f64;
    let room = band - 6.0;
    for lines in 1..=BAND_LINES_MAX {
        if room > 10.0 && names.iter().all(|name| fits_wrapped(name, TEXT_SIZE, room, lines)) {
            let lines = names
                .iter()
                .map(|name| wrap(name, TEXT_SIZE, room, lines).len())
                .max()
                .unwrap_or(1);
            return Some(BandLabels::Wrapped { lines, every: 1 });
        }
    }
    let longest = names.iter().map(|name| text_width(name, TEXT_SIZE)).fold(0.0, f64::max);
    let pitch = if band * 2.0 < TURNED_PITCH_MIN {
        TURNED_PITCH_SPARSE
    } else {
        TURNED_PITCH_MIN
    };
    let every = (pitch / band).ceil().max(1.0) as usize;
    // Many short labels, such as years: some of them, level.
    let level_every = ((longest + 10.0) / band).ceil().max(1.0) as usize;
    if longest <= 45.0 && level_every <= every.max(4) {
        return Some(BandLabels::Wrapped {
            lines: 1,
            every: level_every,
        });
    }
    Some(BandLabels::Turned {
        every,
        longest: longest.min(TURNED_LABEL_MAX),
    })
}

fn band_texts(svg: &mut Svg, names: &[String], labels: &BandLabels, scale: &Scale, base: f64) {
    let band = scale.at(1.0) - scale.at(0.0);
    for (index, name) in names.iter().enumerate() {
        let middle = scale.at(index as f64 + 0.5);
        match labels {
            BandLabels::Wrapped { lines, every } if index % every == 0 => {
                let room = band * *every as f64 - 6.0;
                for (line, text) in wrap(name, TEXT_SIZE, room.max(10.0), *lines).iter().enumerate() {
                    let y = base + TICK_GAP + TEXT_SIZE + line as f64 * TEXT_LINE;
                    svg.text((middle, y), "cx-text", Anchor::Middle, text);
                }
            }
            BandLabels::Turned { every, .. } if index % every == 0 => {
                // Towards the left edge there is less room for a text that leans to it.
                let text = cut(name, TEXT_SIZE, TURNED_LABEL_MAX.min((middle - 6.0) * 1.35));
                svg.turned_text(
                    (middle + 4.0, base + TICK_GAP + 8.0),
                    -45.0,
                    "cx-text",
                    Anchor::End,
                    &text,
                );
            }
            _ => {}
        }
    }
}
