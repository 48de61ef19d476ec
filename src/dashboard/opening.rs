//! Opening the browser. The arguments of a program can be read by every user of the machine, so the URL with its token is not among
//! them: the browser is given a file that only its owner can read, and the file leads to the URL. It is deleted when somebody has come in.

use std::fs;
use std::io;

use maud::{DOCTYPE, html};
use tempfile::TempDir;

/// Opens a browser at a URL. → The folder of the file that leads there, which goes when this is dropped.
pub(crate) fn open_browser(url: &str) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("authz-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    let folder = builder.tempdir()?;
    let path = folder.path().join("open.html");
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    io::Write::write_all(&mut options.open(&path)?, page(url).as_bytes())?;
    open::that_detached(&path)?;
    Ok(folder)
}

/// A page that leads to a URL at once.
fn page(url: &str) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="referrer" content="no-referrer";
                meta http-equiv="refresh" content=(format!("0;url={url}"));
                title { "authz dashboard" }
            }
            body { p { a href=(url) { "To the dashboard" } } }
        }
    };
    page.into_string()
}
