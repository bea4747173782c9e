import com.google.gson.Gson;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.mlflow.api.proto.ModelRegistry.ModelVersion;
import org.mlflow.api.proto.Service.CreateExperiment;
import org.mlflow.api.proto.Service.CreateRun;
import org.mlflow.api.proto.Service.Experiment;
import org.mlflow.api.proto.Service.ExperimentTag;
import org.mlflow.api.proto.Service.FileInfo;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.api.proto.Service.Param;
import org.mlflow.api.proto.Service.Run;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.api.proto.Service.RunTag;
import org.mlflow.api.proto.Service.ViewType;
import org.mlflow.tracking.ActiveRun;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowContext;
import org.mlflow.tracking.MlflowHttpException;
import org.mlflow.tracking.Page;

/** Every call of the stock Java client, on the server of MLFLOW_TRACKING_URI; prints what it found as one line of JSON. */
public class StockClient {
  private static final MlflowClient client = new MlflowClient();

  public static void main(String[] args) throws Exception {
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("experiments", experiments());
    out.put("runs", runs());
    out.put("searches", searches());
    out.put("context", context());
    out.put("registry", registry());
    if (args.length > 0) out.put("files", files(Path.of(args[0])));
    client.close();
    System.out.println(new Gson().toJson(out));
  }

  static Map<String, Object> experiments() {
    String plain = client.createExperiment("java");
    String tagged = client.createExperiment(CreateExperiment.newBuilder()
        .setName("java-tagged")
        .addTags(ExperimentTag.newBuilder().setKey("a").setValue("größe"))
        .build());
    client.setExperimentTag(tagged, "c", "d");
    client.renameExperiment(tagged, "java-renamed");
    client.deleteExperiment(tagged);
    String stage = client.getExperiment(tagged).getLifecycleStage();
    client.restoreExperiment(tagged);
    Experiment back = client.getExperimentByName("java-renamed").orElseThrow();
    Function<Experiment, String> name = Experiment::getName;
    return Map.of(
        "same", client.getExperiment(plain).getName().equals("java") && back.getExperimentId().equals(tagged),
        "deleted", stage,
        "tags", new TreeMap<>(Map.of(
            back.getTags(0).getKey(), back.getTags(0).getValue(),
            back.getTags(1).getKey(), back.getTags(1).getValue())),
        "missing", client.getExperimentByName("nobody").isEmpty(),
        "found", values(client.searchExperiments("name LIKE 'java%'"), name),
        "all", values(client.searchExperiments(), name),
        "pages", pages(client.searchExperiments("", ViewType.ALL, 2, List.of("name ASC")), name),
        "twice", refused(() -> client.createExperiment("java")));
  }

  static Map<String, Object> runs() {
    String experiment = client.createExperiment("java-runs");
    String id = client.createRun(experiment).getRunId();
    client.logParam(id, "lr", "0.1");
    client.logMetric(id, "loss", 0.5);
    client.logMetric(id, "nan", Double.NaN, 1_700_000_000_000L, -1);
    client.logMetric(id, "inf", Double.POSITIVE_INFINITY, 1, 0);
    for (int step = 0; step < 5; step++) client.logMetric(id, "curve", step / 4.0, 1_700_000_000_000L + step, step);
    client.setTag(id, "team", "a");
    client.setTag(id, "gone", "soon");
    client.deleteTag(id, "gone");
    client.logBatch(
        id,
        List.of(Metric.newBuilder().setKey("batch").setValue(2).setTimestamp(3).setStep(4).build()),
        List.of(Param.newBuilder().setKey("p").setValue("größe").build()),
        List.of(RunTag.newBuilder().setKey("t").setValue("v").build()));
    client.setTerminated(id);
    Run run = client.getRun(id);
    Map<String, String> metrics = new TreeMap<>();
    run.getData().getMetricsList().forEach(one -> metrics.put(one.getKey(), String.valueOf(one.getValue())));
    Map<String, String> params = new TreeMap<>();
    run.getData().getParamsList().forEach(one -> params.put(one.getKey(), one.getValue()));
    List<String> history = client.getMetricHistory(id, "curve").stream()
        .map(one -> one.getStep() + " " + one.getTimestamp() + " " + one.getValue()).toList();
    String other = client.createRun(CreateRun.newBuilder()
        .setExperimentId(experiment).setUserId("me").setRunName("named").setStartTime(5).build()).getRunId();
    client.setTerminated(other, RunStatus.FAILED, 9);
    RunInfo ended = client.getRun(other).getInfo();
    client.deleteRun(other);
    String stage = client.getRun(other).getInfo().getLifecycleStage();
    client.restoreRun(other);
    client.setTerminated(client.createRun().getRunId(), RunStatus.KILLED);
    return Map.of(
        "status", run.getInfo().getStatus(),
        "metrics", metrics,
        "params", params,
        "tags", tags(run),
        "history", history,
        "other", List.of(ended.getRunName(), ended.getStatus(), ended.getStartTime(), ended.getEndTime()),
        "deleted", stage,
        "param_changed", refused(() -> client.logParam(id, "lr", "0.2")),
        "unknown", refused(() -> client.getRun("f".repeat(32))));
  }

  static Map<String, Object> searches() {
    String experiment = client.createExperiment("java-searches");
    for (int i = 0; i < 7; i++) {
      String id = client.createRun(experiment).getRunId();
      client.logMetric(id, "score", i);
      client.logParam(id, "parity", i % 2 == 0 ? "even" : "odd");
      if (i == 6) client.deleteRun(id);
    }
    List<String> here = List.of(experiment);
    Function<Run, Double> score = run -> run.getData().getMetrics(0).getValue();
    List<String> falling = List.of("metrics.score DESC");
    String token = client.searchRuns(here, "", ViewType.ALL, 3, falling).getNextPageToken().orElseThrow();
    return Map.of(
        "listed", client.listRunInfos(experiment).size(),
        "even", client.searchRuns(here, "params.parity = 'even'").size(),
        "deleted", client.searchRuns(here, "params.parity = 'even'", ViewType.DELETED_ONLY).size(),
        "first", client.searchRuns(here, "", ViewType.ALL, 3).getItems().size(),
        "pages", pages(client.searchRuns(here, "", ViewType.ALL, 3, falling), score),
        "by_token", values(client.searchRuns(here, "", ViewType.ALL, 3, falling, token), score),
        "bad_filter", refused(() -> client.searchRuns(here, "nonsense")));
  }

  static Map<String, Object> context() {
    MlflowContext context = new MlflowContext(client);
    String start = context.getExperimentId();
    context.setExperimentName("java-runs");
    context.setExperimentId(client.createExperiment("java-context"));
    ActiveRun parent = context.startRun("parent");
    parent.logParam("p", "1");
    parent.logParams(Map.of("q", "2", "r", "3"));
    parent.setTag("t", "u");
    parent.setTags(Map.of("v", "w", "x", ""));
    parent.logMetric("m", 1);
    parent.logMetric("m", 2, 1);
    parent.logMetrics(Map.of("n", 3.0));
    parent.logMetrics(Map.of("n", 4.0, "o", 5.0), 2);
    ActiveRun child = context.startRun("child", parent.getId());
    child.endRun(RunStatus.FAILED);
    parent.endRun();
    context.withActiveRun(run -> run.logMetric("m", 1));
    context.withActiveRun("failing", run -> {
      throw new IllegalStateException();
    });
    Run run = client.getRun(parent.getId());
    return Map.of(
        "start", start,
        "name", run.getInfo().getRunName(),
        "params", run.getData().getParamsCount(),
        "metrics", run.getData().getMetricsList().stream()
            .collect(Collectors.toMap(Metric::getKey, Metric::getValue)),
        "tags", tags(run),
        "uri", parent.getArtifactUri().startsWith("mlflow-artifacts:/"),
        "children", values(client.searchRuns(
            List.of(context.getExperimentId()), "tags.`mlflow.parentRunId` = '" + parent.getId() + "'",
            ViewType.ACTIVE_ONLY, 10), one -> one.getInfo().getRunName()),
        "statuses", client.listRunInfos(context.getExperimentId()).stream()
            .map(info -> info.getStatus().toString()).sorted().toList());
  }

  /** The client leaves artifacts to Python, a process each: only where a folder is given, and after the registry. */
  static Map<String, Object> files(Path folder) throws Exception {
    Path one = Files.writeString(folder.resolve("one.txt"), "größe");
    Path tree = Files.createDirectories(folder.resolve("tree/deep"));
    Files.write(tree.resolve("ü.bin"), new byte[100_000]);
    String id = client.createRun().getRunId();
    client.logArtifact(id, one.toFile());
    client.logArtifact(id, one.toFile(), "in/a");
    client.logArtifacts(id, tree.getParent().toFile(), "tree");
    List<String> listed = new ArrayList<>();
    for (FileInfo file : client.listArtifacts(id, "tree/deep")) listed.add(file.getPath() + " " + file.getFileSize());
    File back = client.downloadArtifacts(id);
    List<String> paths = Files.walk(back.toPath()).filter(Files::isRegularFile)
        .map(path -> back.toPath().relativize(path).toString()).sorted().toList();
    String versioned = client.getModelVersion("java", "1").getRunId();
    Path model = Files.writeString(Files.createDirectories(folder.resolve("model")).resolve("MLmodel"), "flavors: {}");
    client.logArtifacts(versioned, model.getParent().toFile(), "model");
    return Map.of(
        "listed", listed,
        "downloaded", paths,
        "text", Files.readString(client.downloadArtifacts(id, "one.txt").toPath()),
        "version", sorted(client.downloadModelVersion("java", "1")),
        "latest", sorted(client.downloadLatestModelVersion("java", "Production")));
  }

  /** The registry: the client reads it; what it has no calls for goes through its own sendPost and sendPatch. */
  static Map<String, Object> registry() {
    String id = client.createRun().getRunId();
    String source = client.getRun(id).getInfo().getArtifactUri() + "/model";
    Gson gson = new Gson();
    client.sendPost("registered-models/create", gson.toJson(Map.of("name", "java")));
    for (int i = 0; i < 3; i++) {
      client.sendPost("model-versions/create", gson.toJson(Map.of("name", "java", "source", source, "run_id", id)));
    }
    client.sendPost("model-versions/transition-stage", gson.toJson(
        Map.of("name", "java", "version", "2", "stage", "Production", "archive_existing_versions", true)));
    client.sendPatch("registered-models/update", gson.toJson(Map.of("name", "java", "description", "größe")));
    Function<ModelVersion, String> version = ModelVersion::getVersion;
    List<String> falling = List.of("version_number DESC");
    String token = client.searchModelVersions("name = 'java'", 1, falling).getNextPageToken().orElseThrow();
    return Map.of(
        "description", client.getRegisteredModel("java").getDescription(),
        "sent", gson.fromJson(client.sendGet("registered-models/get?name=java"), Map.class).keySet(),
        "latest", stages(client.getLatestVersions("java")),
        "production", stages(client.getLatestVersions("java", List.of("Production"))),
        "version", stages(List.of(client.getModelVersion("java", "2"))),
        "uri", client.getModelVersionDownloadUri("java", "1").equals(source),
        "found", List.of(
            client.searchModelVersions("name = 'java'").getPageSize(), client.searchModelVersions().getPageSize()),
        "pages", pages(client.searchModelVersions("name = 'java'", 2, falling), version),
        "by_token", values(client.searchModelVersions("name = 'java'", 1, falling, token), version));
  }

  static List<String> sorted(File folder) {
    return Stream.of(folder.list()).sorted().toList();
  }

  static Map<String, String> stages(List<ModelVersion> versions) {
    Map<String, String> stages = new TreeMap<>();
    versions.forEach(one -> stages.put(one.getVersion(), one.getCurrentStage()));
    return stages;
  }

  static Map<String, String> tags(Run run) {
    Map<String, String> tags = new TreeMap<>();
    run.getData().getTagsList().forEach(tag -> tags.put(tag.getKey(), tag.getValue()));
    tags.keySet().removeIf(key -> key.equals("mlflow.user"));
    return tags;
  }

  static <T, R> List<R> values(Page<T> page, Function<T, R> of) {
    List<R> found = new ArrayList<>();
    page.getItems().forEach(item -> found.add(of.apply(item)));
    return found;
  }

  static <T, R> List<List<R>> pages(Page<T> first, Function<T, R> of) {
    List<List<R>> pages = new ArrayList<>(List.of(values(first, of)));
    for (Page<T> page = first; page.hasNextPage(); ) {
      page = page.getNextPage();
      pages.add(values(page, of));
    }
    return pages;
  }

  /** The error code of an answer that is to be a refusal. */
  static String refused(Runnable call) {
    try {
      call.run();
      return "";
    } catch (MlflowHttpException error) {
      return (String) new Gson().fromJson(error.getBodyMessage(), Map.class).get("error_code");
    }
  }
}
