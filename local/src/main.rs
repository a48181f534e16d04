//! `wiresocket`: the whole service in one process, on embedded stores and one port.

mod args;
mod banner;
mod data_folder;
mod serve;
mod token;

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
        Some(Command::Token(token)) => token::token(&token),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            banner::complain(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
