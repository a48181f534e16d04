use rustix::process::{Resource, getrlimit, setrlimit};

/// Lets this process, and whatever it starts from now on, have as many open files as the system allows.
pub fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it can't be raised, the test that needs more says so itself.
    let _ = setrlimit(Resource::Nofile, limit);
}
