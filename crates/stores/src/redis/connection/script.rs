use redis::{Cmd, ToRedisArgs};

/// A Lua script that works on one key, or on keys that share a slot. Servers keep it under its digest until they are
/// restarted or flush it.
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
    pub(super) fn by_digest(&self, keys: &impl ToRedisArgs, args: &impl ToRedisArgs) -> Cmd {
        invocation("EVALSHA", &self.digest, keys, args)
    }

    /// Runs the script, and leaves it with the server.
    pub(super) fn by_text(&self, keys: &impl ToRedisArgs, args: &impl ToRedisArgs) -> Cmd {
        invocation("EVAL", self.text, keys, args)
    }
}

fn invocation(command: &str, script: &str, keys: &impl ToRedisArgs, args: &impl ToRedisArgs) -> Cmd {
    let mut invocation = redis::cmd(command);
    invocation.arg(script).arg(keys.num_of_args()).arg(keys).arg(args);
    invocation
}
