using Sluice.Methods;
using Sluice.Methods.IoUring;

[assembly: IoMethodPlugin("io_uring", typeof(IoUringMethodFactory), IoContract.Major, IoContract.Minor)]
