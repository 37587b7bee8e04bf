//! Tools that speak the protocol and misuse the machine, and some that do no harm.

use mcp::schema::{self, Schema};
use mcp::{files, object, Answer, Arguments, Failure, Hints, Json, Outcome, Tool};
use std::cell::Cell;

const READ_BYTES_MAX: usize = 1 << 16;
const STDERR_LINES: i64 = 100_000;

thread_local! {
    static CALLS: Cell<u64> = Cell::new(0);
}

const fn tool(name: &'static str, title: &'static str, input: fn() -> Schema, run: fn(&Arguments) -> Outcome) -> Tool {
    Tool {
        name,
        title,
        description: title,
        input,
        output: None,
        hints: Some(Hints::READ),
        run,
    }
}

const fn unhinted(tool: Tool) -> Tool {
    Tool {
        name: tool.name,
        title: tool.title,
        description: tool.description,
        input: tool.input,
        output: tool.output,
        hints: None,
        run: tool.run,
    }
}

/// The value, by a way that the compiler cannot see through: what is computed for it cannot be left out.
fn kept<T: Copy>(value: T) -> T {
    // Safe: reads the value it was given.
    unsafe { std::ptr::read_volatile(&value) }
}

fn nothing() -> Schema {
    schema::closed(Vec::new())
}

fn text_input() -> Schema {
    schema::closed(vec![schema::required("text", schema::text("What to say."))])
}

fn path_input() -> Schema {
    schema::closed(vec![schema::required("path", schema::text("What to open."))])
}

fn count_input() -> Schema {
    schema::closed(vec![schema::required("n", schema::integer("How often.", 0, 1 << 40))])
}

fn lines_input() -> Schema {
    schema::closed(vec![schema::optional(
        "lines",
        schema::integer("How many.", 0, 1 << 30).default(STDERR_LINES),
    )])
}

fn bytes_input() -> Schema {
    schema::closed(vec![schema::required(
        "bytes",
        schema::integer("Size of the text.", 0, 1 << 30),
    )])
}

/// A breach of the protocol is done before the answer is made; if it were not, this would say so.
fn breach(_: &Arguments) -> Outcome {
    Err("this should not have been answered.".into())
}

pub static TOOLS: [Tool; 21] = [
    tool("loop_forever", "Computes and never ends.", nothing, loop_forever),
    tool(
        "allocate_endlessly",
        "Takes memory until there is none.",
        nothing,
        allocate_endlessly,
    ),
    tool("recurse", "Calls itself until the stack ends.", nothing, recurse),
    tool("trap", "Executes unreachable.", nothing, trap),
    tool("exit", "Ends with code 3.", nothing, exit),
    tool("garbage", "Prints what is not JSON.", nothing, breach),
    tool("wrong_id", "Answers another request.", nothing, breach),
    tool("huge", "Answers with a line of 100 MB.", nothing, breach),
    tool("never_answer", "Waits for ever.", nothing, breach),
    tool("deep_json", "Answers with lists 100,000 deep.", nothing, breach),
    tool("bad_utf8", "Answers with bytes that are not UTF-8.", nothing, breach),
    tool("escape", "Opens any path and gives its content.", path_input, escape),
    tool("environment", "Gives arguments and environment.", nothing, environment),
    tool("clock", "Gives the time, twice.", nothing, clock),
    tool("random", "Gives random bytes, twice.", nothing, random),
    tool(
        "spam_stderr",
        "Writes many lines to standard error.",
        lines_input,
        spam_stderr,
    ),
    tool("slow_fuel", "Goes round a loop n times.", count_input, slow_fuel),
    tool("echo", "Says what it was told.", text_input, echo),
    tool("echo_state", "Counts its calls in memory.", nothing, echo_state),
    unhinted(tool(
        "not_idempotent",
        "Counts its calls, and does not say that it may be repeated.",
        nothing,
        echo_state,
    )),
    tool("big", "Answers with a text of that size.", bytes_input, big),
];

fn loop_forever(_: &Arguments) -> Outcome {
    let mut state = 1u64;
    loop {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        // Kept from being optimised away.
        if kept(state) == 0 {
            break;
        }
    }
    Ok(Answer::new("ended", object([])))
}

fn allocate_endlessly(_: &Arguments) -> Outcome {
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        held.push(vec![1; 1 << 20]);
        kept(held.as_ptr());
    }
}

fn recurse(_: &Arguments) -> Outcome {
    Ok(Answer::new(descend(0).to_string(), object([])))
}

#[allow(unconditional_recursion)]
fn descend(depth: u64) -> u64 {
    let room = kept([depth; 64]);
    descend(depth + 1) + room[depth as usize % 64]
}

fn trap(_: &Arguments) -> Outcome {
    std::arch::wasm32::unreachable()
}

fn exit(_: &Arguments) -> Outcome {
    std::process::exit(3)
}

fn escape(arguments: &Arguments) -> Outcome {
    let path = arguments.required_text("path")?;
    let file = mcp::wasi::open_read(path).map_err(|problem| Failure(format!("WASI error {}", problem)))?;
    let mut bytes = vec![0; READ_BYTES_MAX];
    let count = file.read(&mut bytes).map_err(|problem| files::explain(path, problem))?;
    let content = String::from_utf8_lossy(&bytes[..count]).into_owned();
    Ok(Answer::new(content.clone(), object([("content", content.into())])))
}

fn environment(_: &Arguments) -> Outcome {
    let list = |items: Vec<String>| items.into_iter().map(Json::from).collect::<Vec<_>>();
    let arguments = list(std::env::args().collect());
    let variables = list(
        std::env::vars()
            .map(|(name, value)| format!("{}={}", name, value))
            .collect(),
    );
    let structured = object([("args", arguments.into()), ("env", variables.into())]);
    Ok(Answer::new(structured.to_line(), structured))
}

fn clock(_: &Arguments) -> Outcome {
    let now = || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| since.as_millis() as i64)
    };
    let first = now();
    let mut state = 0u64;
    for index in 0..1_000_000u64 {
        state = kept(state.wrapping_add(index));
    }
    let structured = object([("first_ms", first.into()), ("second_ms", now().into())]);
    Ok(Answer::new(structured.to_line(), structured))
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
extern "C" {
    fn random_get(buffer: *mut u8, length: usize) -> u16;
}

fn random(_: &Arguments) -> Outcome {
    let mut draws = Vec::new();
    for _ in 0..2 {
        let mut bytes = [0; 16];
        let problem = unsafe { random_get(bytes.as_mut_ptr(), bytes.len()) };
        if problem != 0 {
            return Err(Failure(format!("WASI error {}", problem)));
        }
        draws.push(Json::from(
            bytes.iter().map(|byte| format!("{:02x}", byte)).collect::<String>(),
        ));
    }
    let structured = object([("draws", draws.into())]);
    Ok(Answer::new(structured.to_line(), structured))
}

fn spam_stderr(arguments: &Arguments) -> Outcome {
    let lines = arguments.integer("lines", STDERR_LINES, (0, 1 << 30))?;
    for index in 0..lines {
        eprintln!(
            "\u{1b}[31mline {} of spam that goes on for a while and colours the terminal\u{1b}[0m",
            index
        );
    }
    Ok(Answer::new("spammed", object([("lines", lines.into())])))
}

fn slow_fuel(arguments: &Arguments) -> Outcome {
    let rounds = arguments.integer("n", 0, (0, 1 << 40))?;
    let mut state = 1u64;
    for _ in 0..rounds {
        state = kept(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
    Ok(Answer::new("done", object([("rounds", rounds.into())])))
}

fn echo(arguments: &Arguments) -> Outcome {
    let text = arguments.required_text("text")?;
    Ok(Answer::new(text, object([("text", text.to_owned().into())])))
}

fn echo_state(_: &Arguments) -> Outcome {
    let count = CALLS.with(|calls| {
        calls.set(calls.get() + 1);
        calls.get()
    });
    Ok(Answer::new(count.to_string(), object([("calls", count.into())])))
}

fn big(arguments: &Arguments) -> Outcome {
    let bytes = arguments.integer("bytes", 0, (0, 1 << 30))? as usize;
    Ok(Answer::new("x".repeat(bytes), object([("bytes", bytes.into())])))
}
