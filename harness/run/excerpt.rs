//! Text of a subject's, made fit to be shown or pasted: cut to a length, or quoted for a shell.

/// Text cut to `most` characters.
pub fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let head: String = text.chars().take(most).collect();
    format!("{head}… ({} bytes)", text.len())
}

/// Text as one word of a shell's. What the subject chose, a task id say, ends up in lines that people
/// paste.
///
/// By hand, because `shlex` writes a backslash twice: here the escapes of a body are what people look for, and
/// between single quotes they stand as they are.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
