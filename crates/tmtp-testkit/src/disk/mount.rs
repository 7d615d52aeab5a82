//! The simulated file system as one run of a service sees it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};

use tmtp_store::disk::{Disk, DiskFile, Lock, Open};

use super::file::{BLOCK_BYTES, Change, File};
use super::state::{Fault, SharedState, State};

#[derive(Debug, Clone)]
pub(super) struct Mount {
    pub(super) state: SharedState,
    /// The number of this mount.
    pub(super) number: u64,
}

impl Mount {
    /// The disk, if the machine is on and this run has not been killed.
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state.lock();
        match state.off || state.mounts != self.number {
            true => Err(no_power()),
            false => Ok(state),
        }
    }

    /// The disk for an operation that counts. When the power goes in it, `half_done` says what may
    /// have happened of it.
    fn operation(&self, half_done: impl FnOnce(&mut State)) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state()?;
        if state.begin() {
            half_done(&mut state);
            state.cut_power();
            return Err(no_power());
        }
        Ok(state)
    }
}

fn no_power() -> io::Error {
    io::Error::other("the simulated machine was turned off")
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Disk for Mount {
    fn make_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.operation(|_| {})?;
        state.dirs.extend(path.ancestors().map(Path::to_owned));
        Ok(())
    }

    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        let there = self.state()?.names.get(path).copied();
        let (mut state, id) = match (there, how) {
            (Some(_), Open::Make) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Some(id), _) => (self.state()?, id),
            (None, Open::Read | Open::Edit) => return Err(not_found()),
            (None, Open::Make | Open::EditOrMake) => {
                let mut state = self.operation(|_| {})?;
                if !path.parent().is_some_and(|dir| state.dirs.contains(dir)) {
                    return Err(not_found());
                }
                let id = state.next_file;
                state.next_file += 1;
                state.files.insert(id, File::default());
                state.names.insert(path.to_owned(), id);
                (state, id)
            }
        };
        state.files.get_mut(&id).ok_or_else(not_found)?.opened();
        let writable = how != Open::Read;
        Ok(Arc::new(OpenFile { mount: self.clone(), id, writable, path: path.to_owned() }))
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        let half_done = |state: &mut State| {
            state.names.remove(path);
        };
        let mut state = self.operation(half_done)?;
        let id = state.names.remove(path).ok_or_else(not_found)?;
        state.forget_unnamed(id);
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let rename = |state: &mut State| {
            let id = state.names.remove(from).ok_or_else(not_found)?;
            if let Some(replaced) = state.names.insert(to.to_owned(), id) {
                state.forget_unnamed(replaced);
            }
            Ok(())
        };
        let mut state = self.operation(|_| {})?;
        rename(&mut state)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.state()?;
        if !state.dirs.contains(dir) {
            return Err(not_found());
        }
        let below = state.names.keys().chain(&state.dirs);
        let here = below.filter(|path| path.parent() == Some(dir));
        Ok(here.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let state = &mut *self.operation(|_| {})?;
        if state.fails(Fault::Sync) {
            state.keep_some_names(|path| path.parent() == Some(dir));
            return Err(io::Error::other("a simulated sync failed"));
        }
        let here = |path: &Path| path.parent() == Some(dir);
        let gone: Vec<u64> =
            state.lasting.extract_if(.., |path, _| here(path)).map(|(_, id)| id).collect();
        let names = state.names.iter().filter(|(path, _)| here(path));
        state.lasting.extend(names.map(|(path, id)| (path.clone(), *id)));
        gone.into_iter().for_each(|id| state.forget_unnamed(id));
        Ok(())
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(self.state()?.free_bytes())
    }

    fn unguessable(&self) -> io::Result<u64> {
        Ok(self.state()?.dice.number())
    }

    fn lock(&self, path: &Path, _: Open) -> io::Result<Option<Box<dyn Lock>>> {
        let mut state = self.state()?;
        if !state.locked.insert(path.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(Held { mount: self.clone(), path: path.to_owned() })))
    }
}

#[derive(Debug)]
struct Held {
    mount: Mount,
    path: PathBuf,
}

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        if let Ok(mut state) = self.mount.state() {
            state.locked.remove(&self.path);
        }
    }
}

struct OpenFile {
    mount: Mount,
    id: u64,
    writable: bool,
    path: PathBuf,
}

impl fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenFile").field(&self.path).finish()
    }
}

impl OpenFile {
    fn change(&self, change: Change) -> io::Result<()> {
        if !self.writable {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let half_done = change.clone();
        let apply = |state: &mut State, change| {
            state.files.get_mut(&self.id).ok_or_else(not_found).map(|file| file.change(change))
        };
        let mut state = self.mount.operation(|state| drop(apply(state, half_done)))?;
        apply(&mut state, change)
    }

    /// How many bytes of a write there is room for.
    fn room(&self, offset: u64, len: u64) -> io::Result<u64> {
        let state = self.mount.state()?;
        let file = state.files.get(&self.id).ok_or_else(not_found)?;
        let free = state.free_bytes() / BLOCK_BYTES;
        if file.new_blocks(offset, len) <= free {
            return Ok(len);
        }
        let end = offset + len;
        let ends = (offset / BLOCK_BYTES + 1..).map(|block| block * BLOCK_BYTES);
        let fits = ends.take_while(|at| *at < end && file.new_blocks(offset, at - offset) <= free);
        Ok(fits.last().map_or(0, |at| at - offset))
    }
}

impl DiskFile for OpenFile {
    fn len(&self) -> io::Result<u64> {
        let state = self.mount.state()?;
        Ok(state.files.get(&self.id).ok_or_else(not_found)?.bytes().len() as u64)
    }

    fn read_exact_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        let state = self.mount.state()?;
        let bytes = state.files.get(&self.id).ok_or_else(not_found)?.bytes();
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let to = from.saturating_add(out.len());
        out.copy_from_slice(bytes.get(from..to).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if self.mount.state()?.fails(Fault::Write) {
            return Err(io::Error::other("a simulated write failed"));
        }
        let fits = self.room(offset, bytes.len() as u64)? as usize;
        let (written, refused) = bytes.split_at(fits);
        if !written.is_empty() {
            self.change(Change::Write { offset, bytes: written.to_vec() })?;
        }
        match refused.is_empty() {
            true => Ok(()),
            false => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Change::SetLen(len))
    }

    fn punch(&self, from: u64, to: u64) -> io::Result<()> {
        self.change(Change::Punch { from, to })
    }

    fn forget_cached(&self) {
        if let Ok(mut state) = self.mount.state()
            && let Some(file) = state.files.get_mut(&self.id)
        {
            file.forget_cached();
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        let sync = |state: &mut State| {
            let file = state.files.get_mut(&self.id).ok_or_else(not_found)?;
            file.sync();
            Ok(())
        };
        let mut state = self.mount.operation(|state| {
            if state.dice.once_in(2) {
                let _: io::Result<()> = sync(state);
            }
        })?;
        if state.fails(Fault::Sync) {
            let State { files, dice, .. } = &mut *state;
            files.get_mut(&self.id).ok_or_else(not_found)?.fail_sync(dice);
            return Err(io::Error::other("a simulated sync failed"));
        }
        sync(&mut state)
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        if let Ok(mut state) = self.mount.state() {
            if let Some(file) = state.files.get_mut(&self.id) {
                file.closed();
            }
            state.forget_unnamed(self.id);
        }
    }
}
