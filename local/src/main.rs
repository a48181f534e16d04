//! `wiresocket`: the whole service on one machine and one port, on embedded stores.

mod admin;
mod alerting;
mod api_keys;
mod args;
mod banner;
mod control_plane;
mod data_folder;
mod dev_books;
mod drawn;
mod error;
mod fleet;
mod functions;
mod http;
mod node;
mod serve;
mod token;
mod usage;
mod vault;

use args::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let Arguments { command, serve } = Arguments::parse();
    let outcome = match command {
        None => serve::serve(&serve),
        Some(Command::Serve(serve)) => serve::serve(&serve),
        Some(Command::Node(node)) => node::serve(*node),
        Some(Command::Functions(options)) => functions::serve(*options),
        Some(Command::Token(token)) => token::token(&token),
        Some(Command::Admin(admin)) => admin::run(&admin),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            banner::complain(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
