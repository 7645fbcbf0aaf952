//! Rules that no compiler checks, over the workspace as a whole.

mod catalog;
mod file_lengths;
mod imports;

/// The root of the workspace; asked when the tests run, since checkouts may share what is compiled.
fn root() -> std::path::PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo, which runs the tests, says where they lie");
    std::path::Path::new(&package).parent().expect("this package lies in the root of the workspace").to_owned()
}
