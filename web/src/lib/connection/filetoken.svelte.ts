// The secret in the addresses of attachments, which the browser fetches by itself. It ends with the
// app's run, so whatever shows such an address must follow it.
class FilesPass {
  value = $state("");
}

export const filesPass = new FilesPass();
