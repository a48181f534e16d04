use redis::{Cmd, ToRedisArgs};

/// A Lua script that works on one key. Servers keep it under its digest until they are restarted or flush it.
pub(crate) struct Script {
    text: &'static str,
    digest: String,
}

impl Script {
    /// A script of this text.
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text, digest: redis::Script::new(text).get_hash().to_owned() }
    }

    /// Runs the script that the server has under the digest.
    pub(super) fn by_digest(&self, key: &str, args: &impl ToRedisArgs) -> Cmd {
        invocation("EVALSHA", &self.digest, key, args)
    }

    /// Runs the script, and leaves it with the server.
    pub(super) fn by_text(&self, key: &str, args: &impl ToRedisArgs) -> Cmd {
        invocation("EVAL", self.text, key, args)
    }
}

fn invocation(command: &str, script: &str, key: &str, args: &impl ToRedisArgs) -> Cmd {
    let mut invocation = redis::cmd(command);
    invocation.arg(script).arg(1).arg(key).arg(args);
    invocation
}
