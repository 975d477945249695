"""How Chinese vendors have a request signed: one pure function a scheme; the time comes from the caller, as unix seconds."""
