use super::ARCHITECTURE;
use crate::background::Background;
use crate::failure::Failure;
use crate::house::{House, output, run};
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where Debian puts the engine, beside the folders of the path.
const ENGINE: &str = "/usr/sbin/dockerd";
const BUSYBOX: &str = "/bin/busybox";
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A Docker engine: the user's, or one of our own below the target folder, which ends with this value.
pub(crate) struct Docker {
    socket: Option<PathBuf>,
    _engine: Option<Background>,
}

impl Docker {
    /// Takes the user's engine where one answers; else starts one and gives it the image that functions run in.
    ///
    /// # Errors
    /// [`Failure::NoDocker`] with what is missing.
    pub(crate) fn start(house: &House) -> Result<Self, Failure> {
        let users = Self { socket: None, _engine: None };
        if users.answers(house) {
            return Ok(users);
        }
        if !Path::new(ENGINE).exists() {
            return Err(Failure::NoDocker(
                "install one (Debian: `apt-get install -y docker.io`), or start yours",
            ));
        }
        if output(house.program("id").arg("-u"))?.trim() != "0" {
            return Err(Failure::NoDocker("start yours; only root can start one of its own"));
        }
        if !Path::new(BUSYBOX).exists() {
            return Err(Failure::NoDocker(
                "its image needs busybox (Debian: `apt-get install -y busybox-static`)",
            ));
        }
        let folder = house.built("sam/docker");
        let socket = folder.join("docker.sock");
        let mut docker = Self { socket: Some(socket), _engine: None };
        let mut engine = engine(house, &folder)?;
        docker._engine = Some(Background::once(&mut engine, || docker.answers(house))?);
        docker.make_image(house, &folder)?;
        Ok(docker)
    }

    /// Where containers reach this machine.
    pub(crate) fn gateway(&self, house: &House) -> Result<Ipv4Addr, Failure> {
        let format = "{{(index .IPAM.Config 0).Gateway}}";
        let printed = output(self.docker(house).args(["network", "inspect", "bridge", "--format", format]))?;
        printed.trim().parse().map_err(|_| Failure::NoDocker("its bridge has no address on this machine"))
    }

    /// Whether the image is there that functions run in; else it is Amazon's, to be pulled.
    pub(crate) fn has_image(&self) -> bool {
        self.socket.is_some()
    }

    /// How programs find the engine.
    pub(crate) fn variables(&self) -> Option<(&'static str, String)> {
        self.socket.as_ref().map(|socket| ("DOCKER_HOST", format!("unix://{}", socket.display())))
    }

    fn docker(&self, house: &House) -> Command {
        let mut docker = house.program("docker");
        docker.envs(self.variables());
        docker
    }

    fn answers(&self, house: &House) -> bool {
        let asked = self.docker(house).arg("info").stdout(Stdio::null()).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    }

    /// No registry need be reached: the image is what a function's binary and `sam`'s emulator load and start.
    fn make_image(&self, house: &House, folder: &Path) -> Result<(), Failure> {
        let (root, archive) = (folder.join("image"), folder.join("image.tar"));
        let libraries = libraries(house)?;
        lay_out(&root, &libraries).map_err(|source| Failure::Write { path: root.clone(), source })?;
        run(house.program("tar").arg("-C").arg(&root).arg("-cf").arg(&archive).arg("."))?;
        let name = format!("public.ecr.aws/lambda/provided:al2023-{ARCHITECTURE}");
        run(self.docker(house).arg("import").arg(&archive).arg(name))
    }
}

fn engine(house: &House, folder: &Path) -> Result<Command, Failure> {
    let log = house.log("sam/docker/dockerd.log")?;
    let mut engine = house.program(ENGINE);
    // It is to touch nothing of the machine's own network.
    engine.args(["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]);
    engine.args(["--storage-driver", "overlay2", "--data-root"]).arg(folder.join("data"));
    engine.arg("--exec-root").arg(folder.join("exec")).arg("--pidfile").arg(folder.join("pid"));
    engine.args(["-H", &format!("unix://{}", folder.join("docker.sock").display())]);
    engine.stdout(Stdio::null()).stderr(log);
    Ok(engine)
}

/// The shared objects of a function's binary, the loader among them.
fn libraries(house: &House) -> Result<Vec<PathBuf>, Failure> {
    let printed = output(house.program("ldd").arg(house.built("release/usage")))?;
    let words = printed.split_whitespace().filter(|word| word.starts_with('/'));
    Ok(words.map(PathBuf::from).collect())
}

fn lay_out(root: &Path, libraries: &[PathBuf]) -> io::Result<()> {
    for folder in ["bin", "etc/ssl/certs", "opt", "tmp", "var/rapid", "var/runtime", "var/task"] {
        fs::create_dir_all(root.join(folder))?;
    }
    copy_into(root, Path::new(BUSYBOX))?;
    copy_into(root, Path::new(CERTIFICATES))?;
    for library in libraries {
        copy_into(root, library)?;
    }
    for program in ["sh", "mv", "chmod"] {
        let link = root.join("bin").join(program);
        if !link.exists() {
            symlink("busybox", link)?;
        }
    }
    Ok(())
}

/// Copies a file to the same place below `root`.
fn copy_into(root: &Path, file: &Path) -> io::Result<()> {
    let copy = root.join(file.strip_prefix("/").unwrap_or(file));
    if let Some(folder) = copy.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(file, copy).map(drop)
}
