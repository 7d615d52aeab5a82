//! TypeScript declarations from JSON schemas, for the types that cross from Rust to the pages.
//!
//! A crate derives `JsonSchema` for such types in its tests, adds them to [`Declarations`] and compares
//! what comes out with the file that the pages compile ([`compare`]). Only the forms that serde gives our
//! types are known; any other is an error, so nothing is declared wrongly in silence.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value};

/// Set by `cargo xtask types`: [`compare`] writes the file anew.
const RENEW: &str = "MNM_RENEW_TYPES";

/// Types by name, to be declared in one file.
#[derive(Debug, Default)]
pub struct Declarations(BTreeMap<String, String>);

impl Declarations {
    /// Adds a type that pages send, and those it refers to: what has a default may be absent.
    ///
    /// # Errors
    /// A form that is not known, or a type that was added before and is another.
    pub fn request<T: JsonSchema>(&mut self) -> Result<()> {
        self.add::<T>(SchemaSettings::draft2020_12().for_deserialize())
    }

    /// Adds a type that pages are sent, and those it refers to.
    ///
    /// # Errors
    /// As for [`Self::request`].
    pub fn answer<T: JsonSchema>(&mut self) -> Result<()> {
        self.add::<T>(SchemaSettings::draft2020_12().for_serialize())
    }

    fn add<T: JsonSchema>(&mut self, settings: SchemaSettings) -> Result<()> {
        let root = &settings.into_generator().into_root_schema_for::<T>().to_value();
        let name = text(root, "title").context("a root schema has no title")?;
        self.declare(name, root)?;
        let none = Map::new();
        for (name, schema) in root.get("$defs").and_then(Value::as_object).unwrap_or(&none) {
            self.declare(name, schema)?;
        }
        Ok(())
    }

    fn declare(&mut self, name: &str, schema: &Value) -> Result<()> {
        let declared = declaration(name, schema).with_context(|| format!("in {name}"))?;
        let known = self.0.entry(name.to_owned()).or_insert_with(|| declared.clone());
        ensure!(*known == declared, "{name} is read and written differently:\n{known}\n{declared}");
        Ok(())
    }

    /// The file: a head of comment lines, and all declarations by name.
    pub fn file(&self, head: &[&str]) -> String {
        let mut file: String = head.iter().map(|line| format!("// {line}\n")).collect();
        for declared in self.0.values() {
            file.push('\n');
            file.push_str(declared);
        }
        file
    }
}

/// Compares a generated file with what it should hold, or renews it if `cargo xtask types` asks so.
///
/// # Errors
/// It differs, which the error tells how to mend.
pub fn compare(file: &Path, fresh: &str) -> Result<()> {
    if std::env::var_os(RENEW).is_some() {
        return std::fs::write(file, fresh).with_context(|| file.display().to_string());
    }
    let kept = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let differing = kept.lines().zip(fresh.lines()).position(|(kept, fresh)| kept != fresh);
    ensure!(
        kept == fresh,
        "{} is not what the Rust types say, from line {} on; renew it: cargo xtask types",
        file.display(),
        differing.unwrap_or(kept.lines().count().min(fresh.lines().count())) + 1,
    );
    Ok(())
}

fn declaration(name: &str, schema: &Value) -> Result<String> {
    let docs = docs(schema, "");
    if schema.get("properties").is_some() {
        return Ok(format!("{docs}export interface {name} {{\n{}}}\n", fields(schema, "  ")?));
    }
    let Some(variants) = schema.get("oneOf").and_then(Value::as_array) else {
        return Ok(format!("{docs}export type {name} = {};\n", expression(schema, "")?));
    };
    let mut declared = format!("{docs}export type {name} =\n");
    for (at, variant) in variants.iter().enumerate() {
        let end = if at + 1 == variants.len() { ";" } else { "" };
        let variant_docs = self::docs(variant, "  ");
        writeln!(declared, "{variant_docs}  | {}{end}", expression(variant, "    ")?)?;
    }
    Ok(declared)
}

/// The members of an object, one or more lines each: those that are always there, in the order of
/// their declaration, then the optional ones.
fn fields(schema: &Value, indent: &str) -> Result<String> {
    let properties = schema.get("properties").and_then(Value::as_object).context("no object")?;
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let optional = properties.keys().map(String::as_str).filter(|name| !required.contains(name));
    let mut members = String::new();
    for name in required.iter().copied().chain(optional) {
        let member = properties.get(name).with_context(|| format!("no property {name}"))?;
        let mark = if required.contains(&name) { "" } else { "?" };
        let value = expression(member, indent).with_context(|| format!("in {name}"))?;
        writeln!(members, "{}{indent}{name}{mark}: {value};", docs(member, indent))?;
    }
    Ok(members)
}

fn expression(schema: &Value, indent: &str) -> Result<String> {
    if let Some(reference) = text(schema, "$ref") {
        let name = reference.rsplit('/').next();
        return name.map(str::to_owned).context("an empty reference");
    }
    if let Some(constant) = schema.get("const") {
        return Ok(constant.to_string());
    }
    if let Some(constants) = schema.get("enum").and_then(Value::as_array) {
        return Ok(constants.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "));
    }
    for union in ["anyOf", "oneOf"] {
        if let Some(variants) = schema.get(union).and_then(Value::as_array) {
            let variants: Result<Vec<_>> =
                variants.iter().map(|variant| expression(variant, indent)).collect();
            return Ok(variants?.join(" | "));
        }
    }
    match schema.get("type") {
        Some(Value::String(kind)) => plain(kind, schema, indent),
        Some(Value::Array(kinds)) => {
            let kinds: Result<Vec<_>> = kinds
                .iter()
                .map(|kind| plain(kind.as_str().unwrap_or_default(), schema, indent))
                .collect();
            Ok(kinds?.join(" | "))
        }
        _ => bail!("a schema without a type: {schema}"),
    }
}

fn plain(kind: &str, schema: &Value, indent: &str) -> Result<String> {
    Ok(match kind {
        "string" | "boolean" | "null" => kind.to_owned(),
        // Row numbers, sizes and times stay below the 2^53 that a number of JavaScript holds.
        "integer" => "number".to_owned(),
        "array" => {
            let item = expression(schema.get("items").context("an array of anything")?, indent)?;
            if item.contains(' ') { format!("({item})[]") } else { format!("{item}[]") }
        }
        "object" => {
            let members = fields(schema, &format!("{indent}  "))?;
            if members.contains("/**") {
                format!("{{\n{members}{indent}}}")
            } else {
                let members: Vec<_> = members.lines().map(str::trim).collect();
                format!("{{ {} }}", members.join(" ").trim_end_matches(';'))
            }
        }
        other => bail!("a schema of type {other:?}: {schema}"),
    })
}

fn docs(schema: &Value, indent: &str) -> String {
    let Some(words) = text(schema, "description").map(without_links) else {
        return String::new();
    };
    if !words.contains('\n') {
        return format!("{indent}/** {words} */\n");
    }
    let lines: String = words.lines().map(|line| format!("{indent} * {line}\n")).collect();
    format!("{indent}/**\n{lines}{indent} */\n")
}

/// What rustdoc links to, without the link.
fn without_links(words: &str) -> String {
    let mut plain = String::new();
    let mut rest = words;
    while let Some((before, link)) = rest.split_once("[`") {
        let (name, after) = link.split_once("`]").unwrap_or((link, ""));
        let after = match after.strip_prefix('(') {
            Some(target) => target.split_once(')').map_or("", |(_, after)| after),
            None => after,
        };
        let name = name.strip_prefix("Self::").or(name.strip_prefix("crate::")).unwrap_or(name);
        plain.extend([before, "`", name, "`"]);
        rest = after;
    }
    plain + rest
}

fn text<'a>(schema: &'a Value, key: &str) -> Option<&'a str> {
    schema.get(key).and_then(Value::as_str)
}
