//! The control plane's suite, asked of the router itself.

use house_tests::control_plane::InProcess;

house_tests::control_plane_suite!(InProcess::start());
house_tests::control_plane_addresses!(InProcess::start());
house_tests::control_plane_preflights!(InProcess::start());
house_tests::control_plane_outages!(InProcess::start());
