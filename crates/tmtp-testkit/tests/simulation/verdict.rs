//! Verdict on a schedule: what is wrong in the end.

use tmtp_testkit::ledger;

use crate::app::shown;
use crate::world::World;

impl World {
    pub(crate) async fn check(&mut self) -> (Vec<String>, usize) {
        let mut homes = std::mem::take(&mut self.closed);
        let mut wrong = Vec::new();
        for app in &mut self.apps {
            app.interrupt_author().await;
            let Some(engine) = &app.engine else { continue };
            match shown(app, engine).await {
                Ok(home) => homes.push(home),
                Err(error) => wrong.push(format!("home {} cannot be read: {error}", app.home)),
            }
        }
        let letters = self.cast.letters(&homes, &|moment| self.service.id_of(moment));
        wrong.extend(ledger::check(&letters, &homes).iter().map(ToString::to_string));
        wrong.extend(self.residue());
        for home in &homes {
            self.trace.note(|| format!("device {} shows {}", home.device, home.shown.len()));
        }
        (wrong, letters.len())
    }

    /// What the disk of the service still has of any letter.
    fn residue(&self) -> Vec<String> {
        let marker = self.cast.run.as_bytes();
        let image = self.service.disk.image();
        let left = image.iter().filter_map(|(path, bytes)| {
            let at = memchr::memmem::find(bytes, marker)?;
            let end = bytes.len().min(at + marker.len() + 5);
            let what = String::from_utf8_lossy(&bytes[at..end]);
            Some(format!("{} still has {what} at {at}", path.display()))
        });
        left.collect()
    }
}
