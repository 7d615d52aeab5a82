//! Build script that embeds the pages: lists `web/dist` into `$OUT_DIR/assets.rs`, one entry per file with its
//! bytes, content type and digest. Without built pages the list is empty and the server shows a page
//! that says how to build them. Tells the program which version and commit it is.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

include!("../../packaging/commit.rs");

fn main() -> Result<(), Box<dyn Error>> {
    tell_version();
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let dist = root.join("../../web/dist");
    // Cargo watches a directory with everything in it, but reruns this script at every build while
    // the directory is missing. An empty one (which git ignores) makes it wait for the pages.
    // Where it can't be made, the script merely runs more often.
    let _ = fs::create_dir_all(&dist);
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");

    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        list(&dist, &mut files)?;
        files.sort();
    }
    let text = generate(&dist, &files, &out.join("pages"))?;
    fs::write(out.join("assets.rs"), text)?;
    Ok(())
}

/// Adds all files below `directory` to `files`.
fn list(directory: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The Rust source of the list. It includes copies of the files: the pages may be built anew, under
/// other names, before the compiler comes to it.
fn generate(dist: &Path, files: &[PathBuf], copies: &Path) -> Result<String, Box<dyn Error>> {
    if copies.exists() {
        fs::remove_dir_all(copies)?;
    }
    fs::create_dir_all(copies)?;
    let mut text = String::from("pub(crate) static ASSETS: &[Asset] = &[\n");
    for (number, file) in files.iter().enumerate() {
        let relative = file.strip_prefix(dist)?;
        let relative = relative.to_str().ok_or("a page's file name is not UTF-8")?;
        let path = format!("/{}", relative.replace('\\', "/"));
        let bytes = fs::read(file)?;
        let copy = copies.join(number.to_string());
        fs::write(&copy, &bytes)?;
        writeln!(
            text,
            "    Asset {{ path: {path:?}, content_type: {:?}, digest: {:?}, bytes: include_bytes!({:?}) }},",
            content_type(file)?,
            digest(&bytes),
            copy.to_str().ok_or("the build directory's path is not UTF-8")?,
        )?;
    }
    text.push_str("];\n");
    Ok(text)
}

/// Which content a file has.
fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..16].iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// An unknown kind of file fails the build: browsers are told never to guess.
fn content_type(file: &Path) -> Result<&'static str, String> {
    let extension = file.extension().and_then(|extension| extension.to_str());
    Ok(match extension.unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return Err(format!("no content type is known for {}", file.display())),
    })
}
