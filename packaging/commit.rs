// The version and the commit that `--version` names. The build scripts of both programs include it.
//
// Only release builds name the commit: the script runs again at each commit, and everything in the
// package with it, which while developing would cost minutes a day and tell nobody anything.

/// Sets `BUILD_VERSION` for the package that is built: `0.2.0 (1a2b3c4d)`. A source without its
/// history names no commit; who builds from one may give `BUILD_COMMIT`.
fn tell_version() {
    println!("cargo::rerun-if-changed=../../packaging/commit.rs");
    println!("cargo::rerun-if-env-changed=BUILD_COMMIT");
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let given = env::var("BUILD_COMMIT").ok();
    let commit = given.or_else(|| is_release.then(commit_of_the_source).flatten());
    let told = commit.map_or_else(|| version.clone(), |commit| format!("{version} ({commit})"));
    println!("cargo::rustc-env=BUILD_VERSION={told}");
}

fn commit_of_the_source() -> Option<String> {
    // Grows with each commit and checkout.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo::rerun-if-changed={log}");
    git(&["rev-parse", "--short=8", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = std::process::Command::new("git").args(arguments).output().ok()?;
    let text = output.status.success().then_some(output.stdout)?;
    String::from_utf8(text).ok().map(|text| text.trim().to_owned())
}
