//! Formats events as JSON, one on each line.
//!
//! The lines are the same as those of tracing-subscriber's JSON format with flattened events, which builds each line
//! through several layers of serde. A line takes 7,100 instructions here and 21,200 there. The difference is about a tenth
//! of a whole create on SQLite (docs/performance.md).

use gochat_domain::clock::{Clock, SystemClock};
use serde_json::Value;
use std::{
    cell::Cell,
    fmt::{self, Debug, Write},
};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_log::NormalizeEvent;
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// Capacity in bytes up to which the memory of a line is kept. Most lines take some hundred bytes.
const KEPT_CAPACITY: usize = 4096;

thread_local! {
    /// The last line of the thread, whose memory the next one uses.
    static LINE: Cell<String> = const { Cell::new(String::new()) };
}

/// Formats an event as an object: its time, level, fields and target. Spans are not formatted; the service has none.
pub(super) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        // Events of the crate `log` carry their target and level in fields.
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        // Not written part by part into `writer`, because each part would be a call through a trait object.
        let mut line = LINE.take();
        line.clear();
        write!(line, r#"{{"timestamp":"{}","level":"{}""#, SystemClock.now(), metadata.level())?;
        let mut fields = Fields { line, result: Ok(()) };
        event.record(&mut fields);
        fields.add("target", metadata.target());
        let Fields { mut line, result } = fields;
        result?;
        line.push_str("}\n");
        writer.write_str(&line)?;
        if line.capacity() <= KEPT_CAPACITY {
            LINE.set(line);
        }
        Ok(())
    }
}

/// Adds fields to a line.
struct Fields {
    line: String,
    result: fmt::Result,
}

impl Fields {
    /// Adds a field. Its value is what `write` writes. Names are identifiers of the code, so they need no escape.
    fn add_with(&mut self, name: &str, write: impl FnOnce(&mut String) -> fmt::Result) {
        self.line.push_str(",\"");
        self.line.push_str(name);
        self.line.push_str("\":");
        self.result = self.result.and_then(|()| write(&mut self.line));
    }

    fn add(&mut self, name: &str, text: &str) {
        self.add_with(name, |line| write_string(line, |string| string.write_str(text)));
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add_with(field.name(), |line| write!(line, "{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add_with(field.name(), |line| write!(line, "{value}"));
    }

    /// JSON has no number for an infinity or NaN, so these are `null`.
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add_with(field.name(), |line| write!(line, "{}", Value::from(value)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add_with(field.name(), |line| write!(line, "{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add_with(field.name(), |line| write_string(line, |string| write!(string, "{value:?}")));
    }
}

/// Writes a JSON string whose text `write` writes.
fn write_string(line: &mut String, write: impl FnOnce(&mut Escaped<'_>) -> fmt::Result) -> fmt::Result {
    line.push('"');
    write(&mut Escaped(line))?;
    line.push('"');
    Ok(())
}

/// Escapes what is written, as in a JSON string.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let needs_escape = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
        if text.bytes().any(needs_escape) {
            let quoted = serde_json::to_string(text).map_err(|_| fmt::Error)?;
            self.0.push_str(&quoted[1..quoted.len() - 1]);
        } else {
            self.0.push_str(text);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{Read, Seek},
        sync::Arc,
    };
    use tempfile::tempfile;
    use tracing_subscriber::{fmt, layer::SubscriberExt, registry};

    /// Returns the line of the event that `log` logs, without its time.
    fn line(
        layer: impl tracing_subscriber::Layer<tracing_subscriber::Registry> + Send + Sync,
        file: &Arc<std::fs::File>,
        log: impl Fn(),
    ) -> String {
        tracing::subscriber::with_default(registry().with(layer), log);
        let (mut file, mut line) = (&**file, String::new());
        file.rewind().unwrap();
        file.read_to_string(&mut line).unwrap();
        let (time, rest) = line.split_once(r#"Z","level":"#).unwrap();
        assert_eq!(time.len(), r#"{"timestamp":"2026-11-26T06:12:01.776676"#.len(), "{line}");
        rest.to_owned()
    }

    #[test]
    fn lines_are_those_of_tracing_subscriber() {
        let log = || {
            tracing::warn!(
                text = "a \"quoted\" \\ \u{1}\n\u{e9}",
                number = 7_u64,
                negative = -7,
                fraction = 0.25,
                whole = 1.0,
                large = 1e300,
                infinite = f64::INFINITY,
                is_true = true,
                shown = %"a \"word\"",
                debugged = ?Some("x"),
                absent = None::<u64>,
                "message with {}",
                "an \"argument\""
            );
        };
        let files = [(); 2].map(|()| Arc::new(tempfile().unwrap()));
        let ours = fmt::layer().event_format(JsonLine).with_writer(Arc::clone(&files[0]));
        let theirs = fmt::layer().json().flatten_event(true).with_writer(Arc::clone(&files[1]));
        assert_eq!(line(ours, &files[0], log), line(theirs, &files[1], log));
    }
}
