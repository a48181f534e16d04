use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes a file that is there whole or not at all, and that no other user can read. Never replaces one.
pub(crate) fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension(format!("{}.unfinished", std::process::id()));
    let written = write(&unfinished, content).and_then(|()| fs::hard_link(&unfinished, path));
    let removed = fs::remove_file(&unfinished);
    written.and(removed)?;
    sync_folder(path)
}

/// Writes a file that no other user can read, in place of what is there. It is on the disk when this returns.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    // One of the same process id and name was left by a process that died while writing.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes sure that a file's name is on the disk, too.
pub(crate) fn sync_folder(of: &Path) -> io::Result<()> {
    match of.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}
