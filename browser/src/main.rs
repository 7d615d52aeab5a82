//! Maker of the JavaScript half of a library for browsers: `browser LIBRARY FOLDER`.

use wasm_bindgen_cli_support::Bindgen;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(library), Some(folder)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("browser LIBRARY FOLDER");
    };
    Bindgen::new().input_path(library).nodejs(true)?.typescript(false).generate(folder)
}
